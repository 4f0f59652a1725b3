//! Email, by SMTP.

use std::path::PathBuf;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error as SmtpError};
use lettre::{AsyncTransport, Tokio1Executor};

use super::{Receipt, SendError, TIMEOUT, shown};
use crate::message::Message;
use crate::secret::Secret;
use crate::template::Template;
use crate::text;

/// How the connection to the server is kept from being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// It begins in the open, and the server must offer TLS then (port 587).
    #[default]
    StartTls,
    /// It begins with TLS (port 465).
    Tls,
    /// It is not (port 25): for a server on the same machine.
    None,
}

impl Encryption {
    /// All of them, as they are written.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::StartTls, "starttls"), (Self::Tls, "tls"), (Self::None, "none")];

    /// The port that is usual.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Where a mail server is, and who writes to whom.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// The server.
    pub host: String,
    /// Its port; the usual one of the encryption if none is given.
    pub port: Option<u16>,
    /// How the connection is kept from being read.
    pub encryption: Encryption,
    /// Who one is for the server.
    pub login: Option<(String, Secret)>,
    /// A certificate, as PEM, of an authority that is trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Who writes.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// The subject; the message's title without it.
    pub subject: Option<Template>,
    /// The text; all that there is to say without it.
    pub template: Option<Template>,
}

/// Somebody who is told by email.
#[derive(Clone, Debug)]
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    login: Option<Secret>,
    subject: Option<Template>,
    template: Option<Template>,
}

/// A mail that cannot be sent to anybody.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// An address is none.
    #[error("`{0}` is no address such as alerts@example.com or \"LiveCheck <alerts@example.com>\"")]
    Address(String),
    /// There is no address.
    #[error("there is nobody to write to")]
    Nobody,
    /// The file with certificates cannot be used.
    #[error("cannot read a certificate from {}: {reason}", file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] SmtpError),
}

impl Email {
    /// Somebody who is told by that server.
    ///
    /// # Errors
    ///
    /// An address is none, or a certificate cannot be used.
    pub fn new(settings: EmailSettings) -> Result<Self, EmailError> {
        let address = |text: &String| text.parse().map_err(|_| EmailError::Address(text.clone()));
        let from = address(&settings.from)?;
        if settings.to.is_empty() {
            return Err(EmailError::Nobody);
        }
        let to = settings.to.iter().map(address).collect::<Result<_, _>>()?;
        let tls = || {
            let mut parameters = TlsParameters::builder(settings.host.clone());
            if let Some(file) = &settings.ca_file {
                let bad = |reason: String| EmailError::Certificate { file: file.clone(), reason };
                let pem = std::fs::read(file).map_err(|error| bad(error.to_string()))?;
                let certificate = Certificate::from_pem(&pem).map_err(|error| bad(error.to_string()))?;
                parameters = parameters.add_root_certificate(certificate);
            }
            Ok::<_, EmailError>(parameters.build_rustls()?)
        };
        let tls = match settings.encryption {
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::Tls => Tls::Wrapper(tls()?),
            Encryption::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host)
            .port(settings.port.unwrap_or(settings.encryption.port()))
            .tls(tls)
            .timeout(Some(TIMEOUT));
        let mut secret = None;
        if let Some((user, password)) = settings.login {
            transport = transport.credentials(Credentials::new(user, password.expose().to_owned()));
            secret = Some(password);
        }
        Ok(Self {
            transport: transport.build(),
            from,
            to,
            login: secret,
            subject: settings.subject,
            template: settings.template,
        })
    }

    pub(super) fn describe(&self) -> String {
        let to: Vec<_> = self.to.iter().map(ToString::to_string).collect();
        format!("email to {}", to.join(", "))
    }

    pub(super) async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let mail = self.mail(message)?;
        let answer = self.transport.send(mail).await.map_err(|error| self.failed(&error))?;
        let said: Vec<&str> = answer.message().collect();
        Ok(Receipt(shown(&format!("{} {}", answer.code(), said.join(" ")))))
    }

    fn mail(&self, message: &Message) -> Result<Mail, SendError> {
        let refused = |error: String| SendError::refused(error);
        let render = |template: &Option<Template>, otherwise: String| match template {
            Some(template) => template.render(message).map_err(|error| refused(error.to_string())),
            None => Ok(otherwise),
        };
        let subject = render(&self.subject, message.title())?;
        let text = render(&self.template, text::of(message))?;
        // All mails of a group are one thread, and one that is sent again is the same mail.
        let thread = format!("<{}@livecheck>", message.group_key);
        let mut mail: MessageBuilder = Mail::builder()
            .from(self.from.clone())
            .subject(subject.split_whitespace().collect::<Vec<_>>().join(" "))
            .message_id(Some(format!("<{}.{}@livecheck>", message.id, message.group_key)))
            .in_reply_to(thread.clone())
            .references(thread)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        mail.body(text).map_err(|error| refused(error.to_string()))
    }

    fn failed(&self, error: &SmtpError) -> SendError {
        let mut reason = error.to_string();
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        for cause in causes.map(ToString::to_string) {
            if !reason.contains(&cause) {
                reason = format!("{reason}: {cause}");
            }
        }
        let reason = shown(&self.login.as_ref().map_or(reason.clone(), |secret| secret.masked_in(&reason)));
        if error.is_permanent() { SendError::refused(reason) } else { SendError::passing(reason) }
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834): no absence note is wanted in return.
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
