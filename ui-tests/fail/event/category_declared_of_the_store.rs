batpak::category!(pub Orders = 0xD);
batpak::category!(Zero = 0);
batpak::category!(Large = 0x10);

fn main() {}
