//! What comes in and goes out over HTTP and SMTP: an API, a mail server, a receiver of webhooks.

use super::{origin::Origin, smtp::Smtp, webhook::Webhook};

/// The peers of one kpid.
pub(crate) struct Town {
    /// Where figures come from.
    pub(crate) origin: Origin,
    /// Where mails go.
    pub(crate) smtp: Smtp,
    /// Where webhooks go.
    pub(crate) webhook: Webhook,
}

impl Town {
    /// All of them, on free ports.
    pub(crate) async fn open() -> Self {
        let (origin, smtp, webhook) =
            tokio::join!(Origin::start(), Smtp::start(), Webhook::start());
        Self { origin, smtp, webhook }
    }
}
