//! Receivers that keep alerts in their memory, and expect their clients to repeat them.

use tracing::debug;

use crate::outbox::attempt::Sender;
use kpid_delivery::{
    channel::{Channel, Webhook},
    delivery::Delivery,
    send_error::SendError,
};
use kpid_message::{message::Message, webhook_formats::format::Format};

impl Sender<'_> {
    /// Tells a receiver that keeps alerts in its memory of all that is open; it says how many alerts
    /// that were. What it does not take is told the next time.
    pub(super) async fn tell_again(self) -> anyhow::Result<usize> {
        let channel = self.instance.setup.channels.get(self.channel);
        let is_forgetful =
            matches!(channel, Some(Channel::Webhook(Webhook { format: Format::Alertmanager, .. })));
        if !is_forgetful {
            return Ok(0);
        }
        let mut repeated = 0;
        for standing in self.instance.store.standing_alerts(self.channel.as_str()).await? {
            let Ok(message) = Message::from_json(&standing.facts) else { continue };
            if !message.lasts() {
                continue;
            }
            let (id, recipient) = (standing.id, standing.recipient.as_str());
            let language = self.instance.setup.language_of(recipient);
            let (channel, message) = (self.channel, &message);
            let delivery = Delivery { id, channel, recipient, language, message, link: None };
            match self.channels.send(delivery, self.clock.now()).await {
                Ok(_) => repeated += 1,
                Err(error) => {
                    debug!(delivery = %id, channel = %self.channel, "not sent again over `{}`: {error}", self.channel);
                    // Whoever does not answer is not asked once for each alert.
                    if !matches!(error, SendError::GiveUp { .. }) {
                        break;
                    }
                }
            }
        }
        Ok(repeated)
    }
}
