//! The text of a file, whatever an editor saved it as: UTF-8 is read; of anything else it is said
//! where, and what stands there is read as well as it can be, so that the other problems are told too.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The way out of any other encoding.
const WAY_OUT: &str = "save the file as UTF-8";

/// A file's text, and where it is not UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) fault: Option<EncodingFault>,
}

/// Where a file is not UTF-8, and what it seems to be instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EncodingFault {
    /// In bytes of the text, from its start.
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// Reads a file's bytes.
pub(crate) fn text(bytes: &[u8]) -> Text {
    if let Some(encoding) = utf_16(bytes) {
        let (text, _, _) = encoding.decode(bytes);
        let message = format!("the file is {}, not UTF-8", encoding.name());
        let fault = EncodingFault { offset: 0, message, hint: WAY_OUT };
        return Text { text: text.into_owned(), fault: Some(fault) };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Text { text: text.to_owned(), fault: None },
        Err(error) => {
            let offset = error.valid_up_to();
            let byte = bytes.get(offset).copied().unwrap_or_default();
            let message = format!("not UTF-8 (byte 0x{byte:02X})");
            let text = String::from_utf8_lossy(bytes).into_owned();
            Text { text, fault: Some(EncodingFault { offset, message, hint: WAY_OUT }) }
        }
    }
}

/// By its mark, or by the zeros beside the first ASCII character.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        [1..=0x7F, 0, 1..=0x7F, 0, ..] => Some(UTF_16LE),
        [0, 1..=0x7F, 0, 1..=0x7F, ..] => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_is_told_where_and_read_all_the_same() {
        let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
            let mark = mark.then_some(0xFEFF);
            mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        for (bytes, text, offset, message) in [
            (
                b"a: b\nc: Gesch\xe4ft\n".to_vec(),
                "a: b\nc: Gesch\u{fffd}ft\n",
                13,
                "not UTF-8 (byte 0xE4)",
            ),
            (b"a: 5 \x80\n".to_vec(), "a: 5 \u{fffd}\n", 5, "not UTF-8 (byte 0x80)"),
            (
                utf_16("a: ä\n", u16::to_le_bytes, true),
                "a: ä\n",
                0,
                "the file is UTF-16LE, not UTF-8",
            ),
            (
                utf_16("a: ä\n", u16::to_be_bytes, true),
                "a: ä\n",
                0,
                "the file is UTF-16BE, not UTF-8",
            ),
            (
                utf_16("a: ä\n", u16::to_le_bytes, false),
                "a: ä\n",
                0,
                "the file is UTF-16LE, not UTF-8",
            ),
            (
                utf_16("a: ä\n", u16::to_be_bytes, false),
                "a: ä\n",
                0,
                "the file is UTF-16BE, not UTF-8",
            ),
        ] {
            let read = super::text(&bytes);
            assert_eq!(read.text, text);
            let fault = read.fault.unwrap();
            assert_eq!((fault.offset, fault.message.as_str()), (offset, message));
        }
        let good = "a: ä\n".as_bytes();
        assert_eq!(super::text(good), Text { text: "a: ä\n".to_owned(), fault: None });
    }
}
