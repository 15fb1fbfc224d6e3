/// What can happen to an order.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderEvent {
    LineAdded { line: Line },
    Placed { total: Cents },
    Paid { payment: PaymentId },
    Shipped { tracking: Tracking },
    Delivered,
    Cancelled { reason: String },
    NoteAdded { text: String },
}
#[automatically_derived]
#[allow(dead_code)]
impl OrderEvent {
    /// The kind of [`LineAdded`](Self::LineAdded).
    pub const LINE_ADDED: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x001);
    /// The kind of [`Placed`](Self::Placed).
    pub const PLACED: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x002);
    /// The kind of [`Paid`](Self::Paid).
    pub const PAID: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x003);
    /// The kind of [`Shipped`](Self::Shipped).
    pub const SHIPPED: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x004);
    /// The kind of [`Delivered`](Self::Delivered).
    pub const DELIVERED: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x005);
    /// The kind of [`Cancelled`](Self::Cancelled).
    pub const CANCELLED: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x007);
    /// The kind of [`NoteAdded`](Self::NoteAdded).
    pub const NOTE_ADDED: ::batpak::EventKind = ::batpak::EventKind::custom(0x1, 0x008);
}
#[automatically_derived]
impl ::batpak::EventPayload for OrderEvent {
    const TABLE: &'static [::batpak::KindEntry] = &[
        ::batpak::KindEntry::new(Self::LINE_ADDED, "LineAdded", 1, &["line"], 0x4D28),
        ::batpak::KindEntry::new(Self::PLACED, "Placed", 1, &["total"], 0x4301),
        ::batpak::KindEntry::new(Self::PAID, "Paid", 2, &["payment"], 0xFDAA),
        ::batpak::KindEntry::new(Self::SHIPPED, "Shipped", 1, &["tracking"], 0x0A32),
        ::batpak::KindEntry::new(Self::DELIVERED, "Delivered", 1, &[], 0x1CD9),
        ::batpak::KindEntry::new(Self::CANCELLED, "Cancelled", 1, &["reason"], 0xB060),
        ::batpak::KindEntry::new(Self::NOTE_ADDED, "NoteAdded", 1, &["text"], 0xB9CC),
    ];
    const RETIRED: &'static [(::batpak::EventKind, ::batpak::EventKind)] = &[
        (
            ::batpak::EventKind::custom(0x1, 0x006),
            ::batpak::EventKind::custom(0x1, 0x006),
        ),
    ];
    fn kind(&self) -> ::batpak::EventKind {
        match self {
            Self::LineAdded { .. } => Self::LINE_ADDED,
            Self::Placed { .. } => Self::PLACED,
            Self::Paid { .. } => Self::PAID,
            Self::Shipped { .. } => Self::SHIPPED,
            Self::Delivered { .. } => Self::DELIVERED,
            Self::Cancelled { .. } => Self::CANCELLED,
            Self::NoteAdded { .. } => Self::NOTE_ADDED,
        }
    }
    fn version(&self) -> ::core::primitive::u16 {
        match self {
            Self::Paid { .. } => 2u16,
            _ => 1,
        }
    }
    fn encode(
        &self,
        out: &mut ::batpak::expansion::Vec<::core::primitive::u8>,
    ) -> ::core::result::Result<(), ::batpak::EncodeError> {
        match self {
            Self::LineAdded { line } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <Line as ::batpak::expansion::Value>::write(line, "line", &mut writer)
            }
            Self::Placed { total } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <Cents as ::batpak::expansion::Value>::write(total, "total", &mut writer)
            }
            Self::Paid { payment } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <PaymentId as ::batpak::expansion::Value>::write(
                    payment,
                    "payment",
                    &mut writer,
                )
            }
            Self::Shipped { tracking } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <Tracking as ::batpak::expansion::Value>::write(
                    tracking,
                    "tracking",
                    &mut writer,
                )
            }
            Self::Delivered {} => ::batpak::expansion::FieldWriter::none(out),
            Self::Cancelled { reason } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <String as ::batpak::expansion::Value>::write(
                    reason,
                    "reason",
                    &mut writer,
                )
            }
            Self::NoteAdded { text } => {
                let mut writer = ::batpak::expansion::FieldWriter::new(out, 1);
                <String as ::batpak::expansion::Value>::write(text, "text", &mut writer)
            }
        }
    }
    fn decode(
        kind: ::batpak::EventKind,
        version: ::core::primitive::u16,
        bytes: &[::core::primitive::u8],
    ) -> ::core::result::Result<Self, ::batpak::DecodeError> {
        ::batpak::expansion::check_version::<Self>(kind, version)?;
        match kind {
            Self::LINE_ADDED => {
                let mut line = ::core::option::Option::<Line>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "line" => {
                            <Line as ::batpak::expansion::Value>::read(
                                "line",
                                &mut line,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::LineAdded {
                    line: <Line as ::batpak::expansion::Value>::required("line", line)?,
                })
            }
            Self::PLACED => {
                let mut total = ::core::option::Option::<Cents>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "total" => {
                            <Cents as ::batpak::expansion::Value>::read(
                                "total",
                                &mut total,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Placed {
                    total: <Cents as ::batpak::expansion::Value>::required(
                        "total",
                        total,
                    )?,
                })
            }
            Self::PAID if version == 1u16 => {
                ::core::result::Result::Ok(
                    <PaidV1 as ::batpak::expansion::Upcast<
                        Self,
                    >>::upcast(<PaidV1 as ::batpak::expansion::Earlier>::read(bytes)?),
                )
            }
            Self::PAID => {
                let mut payment = ::core::option::Option::<PaymentId>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "payment" => {
                            <PaymentId as ::batpak::expansion::Value>::read(
                                "payment",
                                &mut payment,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Paid {
                    payment: <PaymentId as ::batpak::expansion::Value>::required(
                        "payment",
                        payment,
                    )?,
                })
            }
            Self::SHIPPED => {
                let mut tracking = ::core::option::Option::<Tracking>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "tracking" => {
                            <Tracking as ::batpak::expansion::Value>::read(
                                "tracking",
                                &mut tracking,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Shipped {
                    tracking: <Tracking as ::batpak::expansion::Value>::required(
                        "tracking",
                        tracking,
                    )?,
                })
            }
            Self::DELIVERED => {
                ::batpak::expansion::FieldReader::none(bytes, Self::Delivered {})
            }
            Self::CANCELLED => {
                let mut reason = ::core::option::Option::<String>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "reason" => {
                            <String as ::batpak::expansion::Value>::read(
                                "reason",
                                &mut reason,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::Cancelled {
                    reason: <String as ::batpak::expansion::Value>::required(
                        "reason",
                        reason,
                    )?,
                })
            }
            Self::NOTE_ADDED => {
                let mut text = ::core::option::Option::<String>::None;
                let mut reader = ::batpak::expansion::FieldReader::new(bytes);
                while let ::core::option::Option::Some(found) = reader.next_name()? {
                    let done = match found {
                        "text" => {
                            <String as ::batpak::expansion::Value>::read(
                                "text",
                                &mut text,
                                &mut reader,
                            )
                        }
                        _ => reader.skip(),
                    };
                    done?;
                }
                ::core::result::Result::Ok(Self::NoteAdded {
                    text: <String as ::batpak::expansion::Value>::required("text", text)?,
                })
            }
            _ => ::core::result::Result::Err(::batpak::DecodeError::UnknownKind(kind)),
        }
    }
}
