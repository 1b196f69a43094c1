//! Mail leaves: over SMTP, one recipient a transaction, or into a folder of `.eml` files.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        Error as SmtpError, PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::ExposeSecret;
use tokio::{fs, io::AsyncWriteExt, time};
use uuid::Uuid;

use crate::notify::{MailTransport, SendError, SmtpTls};

/// One command and its answer; RFC 5321 would wait minutes, a deliverer with others to tell not.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(20);

/// A whole mail, connecting included, however slowly the server drips.
const MAIL_TIME_MAX: Duration = Duration::from_secs(60);

/// Connections kept to one server; a mail takes one for some 50 ms.
const CONNECTIONS_MAX: u32 = 4;

/// Refusals to let us in (RFC 4954): a wrong password is mended by operators, not by losing mail.
const LOGIN_REFUSALS: [u16; 4] = [530, 534, 535, 538];

/// An open way out for mail.
#[derive(Debug)]
pub(crate) enum Postman {
    /// A mail server.
    Smtp {
        /// Its name, for messages.
        host: String,
        /// The connections to it.
        transport: AsyncSmtpTransport<Tokio1Executor>,
        /// How long a whole mail may take.
        mail_time_max: Duration,
    },
    /// A folder.
    Folder(PathBuf),
}

impl Postman {
    /// Gets ready; nothing is reached yet. Call it inside the runtime.
    pub(crate) fn open(transport: &MailTransport) -> anyhow::Result<Self> {
        Self::open_within(transport, COMMAND_TIME_MAX, MAIL_TIME_MAX)
    }

    fn open_within(
        transport: &MailTransport,
        command_time_max: Duration,
        mail_time_max: Duration,
    ) -> anyhow::Result<Self> {
        let (host, port, tls, login) = match transport {
            MailTransport::Folder(folder) => return Ok(Self::Folder(folder.clone())),
            MailTransport::Smtp { host, port, tls, login } => (host, *port, *tls, login),
        };
        let parameters = || {
            TlsParameters::new(host.clone())
                .with_context(|| format!("cannot prepare encryption to the mail server `{host}`"))
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(match tls {
                SmtpTls::None => Tls::None,
                SmtpTls::StartTls => Tls::Required(parameters()?),
                SmtpTls::Implicit => Tls::Wrapper(parameters()?),
            });
        if let Some((user, password)) = login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        let transport = builder
            .timeout(Some(command_time_max))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX))
            .build();
        Ok(Self::Smtp { host: host.clone(), transport, mail_time_max })
    }

    /// Hands over one mail; `id` names its file.
    pub(crate) async fn carry(&self, id: Uuid, mail: Message) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => drop_off(folder, id, &mail.formatted())
                .await
                .map_err(|error| retry(format!("cannot write the mail: {error:#}"))),
            Self::Smtp { host, transport, mail_time_max } => {
                match time::timeout(*mail_time_max, transport.send(mail)).await {
                    Ok(Ok(_accepted)) => Ok(()),
                    Ok(Err(error)) => Err(refused(host, &error)),
                    Err(_elapsed) => Err(slow(host, *mail_time_max)),
                }
            }
        }
    }

    /// Connects and logs in, or looks whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => fs::create_dir_all(folder).await.map_err(|error| {
                retry(format!("cannot make the mail folder {}: {error}", folder.display()))
            }),
            Self::Smtp { host, transport, mail_time_max } => {
                match time::timeout(*mail_time_max, transport.test_connection()).await {
                    Ok(Ok(true)) => Ok(()),
                    Ok(Ok(false)) => Err(retry(format!("{host} does not answer NOOP"))),
                    Ok(Err(error)) => Err(refused(host, &error)),
                    Err(_elapsed) => Err(slow(host, *mail_time_max)),
                }
            }
        }
    }
}

fn retry(message: String) -> SendError {
    SendError::Retry { after: None, message }
}

fn slow(host: &str, mail_time_max: Duration) -> SendError {
    retry(format!("{host} took longer than {} s", mail_time_max.as_secs_f64()))
}

/// 5xx is the server's last word on this mail, except about who we are; all else may pass.
fn refused(host: &str, error: &SmtpError) -> SendError {
    let message = format!("{host}: {error}");
    let login = error.status().is_some_and(|code| LOGIN_REFUSALS.contains(&u16::from(code)));
    if error.is_permanent() && !login {
        return SendError::GiveUp { message };
    }
    retry(message)
}

/// Written beside and renamed, so that a reader never sees half a mail; a repetition replaces the
/// first, it does not double it.
async fn drop_off(folder: &Path, id: Uuid, mail: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .await
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let (draft, path) = (folder.join(format!(".{id}.eml")), folder.join(format!("{id}.eml")));
    let write = async {
        let mut file = fs::File::create(&draft).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        fs::rename(&draft, &path).await
    };
    write.await.with_context(|| format!("cannot write {}", path.display()))
}
