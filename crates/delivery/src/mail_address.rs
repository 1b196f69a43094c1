//! Mail addresses in the form that every mail server takes: a domain in ASCII (IDNA).

use lettre::{Address, message::Mailbox};
use url::Host;

/// An address as a person writes it; `ines@bücher.example` is `ines@xn--bcher-kva.example`.
pub fn address(text: &str) -> Option<Address> {
    text.trim().parse().ok().and_then(|address| in_ascii(&address))
}

/// A sender as a person writes it, with a name or without.
pub fn mailbox(text: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = text.parse().ok()?;
    Some(Mailbox { name, email: in_ascii(&email)? })
}

/// A server's name as a person writes it.
pub fn host(text: &str) -> Option<String> {
    if text.is_ascii() {
        return Some(text.to_owned());
    }
    Host::parse(text).ok().map(|host| host.to_string())
}

fn in_ascii(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    Address::new(address.user(), host(address.domain())?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_goes_out_in_ascii() {
        for (written, sent) in [
            ("ines@calder.example", Some("ines@calder.example")),
            ("ines@bücher.example", Some("ines@xn--bcher-kva.example")),
            ("ines@Bücher.EXAMPLE", Some("ines@xn--bcher-kva.example")),
            ("ines@例え.jp", Some("ines@xn--r8jz45g.jp")),
            ("jürgen@bücher.example", Some("jürgen@xn--bcher-kva.example")),
            ("ines@[127.0.0.1]", Some("ines@[127.0.0.1]")),
            ("ines", None),
            ("ines@", None),
        ] {
            let read = address(written).map(|address| address.to_string());
            assert_eq!(read.as_deref(), sent, "{written}");
        }
        let from = mailbox("Bücher GmbH <kpid@bücher.example>").unwrap();
        assert_eq!(from.email.to_string(), "kpid@xn--bcher-kva.example");
        assert_eq!(from.name.as_deref(), Some("Bücher GmbH"));
        assert_eq!(host("mail.bücher.example").as_deref(), Some("mail.xn--bcher-kva.example"));
        assert_eq!(host("mail.internal").as_deref(), Some("mail.internal"));
    }
}
