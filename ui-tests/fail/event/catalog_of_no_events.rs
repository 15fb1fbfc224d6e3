struct Orders;

batpak::catalog!(Orders);

fn main() {}
