#[derive(Debug, Clone, PartialEq)]
pub enum AccountEvent {
    Opened { owner: String },
    Deposited { amount: Cents },
    Withdrawn { amount: Cents },
    Frozen,
    Closed,
}
#[automatically_derived]
#[allow(dead_code)]
impl AccountEvent {
    /// The kind of [`Opened`](Self::Opened).
    pub const OPENED: ::batpak::EventKind = ::batpak::EventKind::custom(0x2, 0x001);
    /// The kind of [`Deposited`](Self::Deposited).
    pub const DEPOSITED: ::batpak::EventKind = ::batpak::EventKind::custom(0x2, 0x002);
    /// The kind of [`Withdrawn`](Self::Withdrawn).
    pub const WITHDRAWN: ::batpak::EventKind = ::batpak::EventKind::custom(0x2, 0x003);
    /// The kind of [`Frozen`](Self::Frozen).
    pub const FROZEN: ::batpak::EventKind = ::batpak::EventKind::custom(0x2, 0x004);
    /// The kind of [`Closed`](Self::Closed).
    pub const CLOSED: ::batpak::EventKind = ::batpak::EventKind::custom(0x2, 0x005);
}
#[automatically_derived]
impl ::batpak::EventPayload for AccountEvent {
    const TABLE: &'static [::batpak::KindEntry] = &[
        ::batpak::KindEntry::new(Self::OPENED, "Opened", 1, &["owner"], 0xC70D),
        ::batpak::KindEntry::new(Self::DEPOSITED, "Deposited", 1, &["amount"], 0xCA25),
        ::batpak::KindEntry::new(Self::WITHDRAWN, "Withdrawn", 1, &["amount"], 0xCA25),
        ::batpak::KindEntry::new(Self::FROZEN, "Frozen", 1, &[], 0x1CD9),
        ::batpak::KindEntry::new(Self::CLOSED, "Closed", 1, &[], 0x1CD9),
    ];
    fn kind(&self) -> ::batpak::EventKind {
        match self {
            Self::Opened { .. } => Self::OPENED,
            Self::Deposited { .. } => Self::DEPOSITED,
            Self::Withdrawn { .. } => Self::WITHDRAWN,
            Self::Frozen { .. } => Self::FROZEN,
            Self::Closed { .. } => Self::CLOSED,
        }
    }
    fn version(&self) -> ::core::primitive::u16 {
        1
    }
    fn encode(
        &self,
        out: &mut ::batpak::expansion::Vec<::core::primitive::u8>,
    ) -> ::core::result::Result<(), ::batpak::EncodeError> {
        match self {
            Self::Opened { owner } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <String as ::batpak::expansion::Value>::write(
                    owner,
                    "owner",
                    &mut writer,
                )
            }
            Self::Deposited { amount } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <Cents as ::batpak::expansion::Value>::write(
                    amount,
                    "amount",
                    &mut writer,
                )
            }
            Self::Withdrawn { amount } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <Cents as ::batpak::expansion::Value>::write(
                    amount,
                    "amount",
                    &mut writer,
                )
            }
            Self::Frozen {} => ::batpak::expansion::FieldWriter::none(out),
            Self::Closed {} => ::batpak::expansion::FieldWriter::none(out),
        }
    }
    fn decode(
        kind: ::batpak::EventKind,
        version: ::core::primitive::u16,
        bytes: &[::core::primitive::u8],
    ) -> ::core::result::Result<Self, ::batpak::DecodeError> {
        ::batpak::expansion::check_version::<Self>(kind, version)?;
        match kind {
            Self::OPENED => {
                let mut owner = ::core::option::Option::<String>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "owner" => {
                            <String as ::batpak::expansion::Value>::read(
                                "owner",
                                &mut owner,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Opened {
                    owner: <String as ::batpak::expansion::Value>::required(
                        "owner",
                        owner,
                    )?,
                })
            }
            Self::DEPOSITED => {
                let mut amount = ::core::option::Option::<Cents>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "amount" => {
                            <Cents as ::batpak::expansion::Value>::read(
                                "amount",
                                &mut amount,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Deposited {
                    amount: <Cents as ::batpak::expansion::Value>::required(
                        "amount",
                        amount,
                    )?,
                })
            }
            Self::WITHDRAWN => {
                let mut amount = ::core::option::Option::<Cents>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "amount" => {
                            <Cents as ::batpak::expansion::Value>::read(
                                "amount",
                                &mut amount,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Withdrawn {
                    amount: <Cents as ::batpak::expansion::Value>::required(
                        "amount",
                        amount,
                    )?,
                })
            }
            Self::FROZEN => {
                ::batpak::expansion::FieldReader::none(bytes, Self::Frozen {})
            }
            Self::CLOSED => {
                ::batpak::expansion::FieldReader::none(bytes, Self::Closed {})
            }
            _ => ::core::result::Result::Err(::batpak::DecodeError::UnknownKind(kind)),
        }
    }
}
