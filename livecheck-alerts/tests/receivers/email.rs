//! Those who are told by email: a server that speaks SMTP, with and without TLS.
//!
//! The certificate in `tests/data` is for `localhost`, and is its own authority.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use livecheck_alerts::receiver::Email;
use livecheck_alerts::receiver::email::{EmailError, EmailSettings, Encryption};
use livecheck_alerts::{Status, Template, Way};
use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{message, receiver, secret};

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/localhost.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/localhost.key");

/// A mail, and whom it is for.
type Mail = (Vec<String>, String);

/// What has arrived.
#[derive(Clone, Default)]
struct Mailbox(Arc<Mutex<Vec<Mail>>>);

struct Postman {
    mailbox: Mailbox,
    mail: Vec<u8>,
    to: Vec<String>,
}

impl Handler for Postman {
    fn rcpt(&mut self, to: &str) -> Response {
        if to.starts_with("nobody@") {
            return response::NO_MAILBOX;
        }
        self.to.push(to.to_owned());
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.mail.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = String::from_utf8_lossy(&self.mail).into_owned();
        self.mailbox.0.lock().unwrap().push((self.to.clone(), mail));
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        if (user, password) == ("me", "hunter2") { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}

/// A mail server, on a port of its own.
async fn server(encryption: Encryption) -> (u16, Mailbox) {
    let (listener, mailbox) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Mailbox::default());
    let port = listener.local_addr().unwrap().port();
    let postbox = mailbox.clone();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let postman = Postman { mailbox: postbox.clone(), mail: Vec::new(), to: Vec::new() };
            tokio::spawn(serve(stream, peer.ip(), encryption, postman));
        }
    });
    (port, mailbox)
}

fn tls() -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(CERTIFICATE).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(KEY).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap()))
}

async fn serve(stream: TcpStream, peer: IpAddr, encryption: Encryption, postman: Postman) {
    let mut builder = SessionBuilder::new("localhost");
    builder.enable_auth(AuthMechanism::Plain);
    match encryption {
        Encryption::StartTls => drop(builder.enable_start_tls()),
        Encryption::None => drop(builder.insecure_enable_plaintext_auth()),
        Encryption::Tls => {}
    }
    let mut session = builder.build(peer, postman);
    if encryption == Encryption::Tls {
        let Ok(stream) = tls().accept(stream).await else { return };
        session.tls_active();
        talk(stream, &mut session, true).await;
    } else if let Some(stream) = talk(stream, &mut session, true).await {
        let Ok(stream) = tls().accept(stream).await else { return };
        session.tls_active();
        talk(stream, &mut session, false).await;
    }
}

/// Talks until the client has gone, or wants TLS: then it gives the stream back.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    session: &mut mailin::Session<Postman>,
    greets: bool,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(&session.greeting().buffer().unwrap()).await.ok()?;
    }
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let response = session.process(&line);
        if response.action != Action::NoReply {
            stream.write_all(&response.buffer().unwrap()).await.ok()?;
            stream.flush().await.ok()?;
        }
        match response.action {
            Action::Close => return None,
            Action::UpgradeTls => return Some(stream.into_inner()),
            Action::Reply | Action::NoReply => {}
        }
    }
}

fn settings(port: u16, encryption: Encryption) -> EmailSettings {
    EmailSettings {
        host: "localhost".to_owned(),
        port: Some(port),
        encryption,
        login: Some(("me".to_owned(), secret("hunter2"))),
        ca_file: (encryption != Encryption::None).then(|| Path::new(CERTIFICATE).to_owned()),
        from: "LiveCheck <alerts@example.com>".to_owned(),
        to: vec!["ada@example.com".to_owned(), "Bob <bob@example.com>".to_owned()],
        subject: None,
        template: None,
    }
}

async fn send(settings: EmailSettings) -> Result<String, livecheck_alerts::SendError> {
    let email = receiver(Way::Email(Box::new(Email::new(settings).unwrap())));
    email.send(&message(Status::Firing)).await.map(|receipt| receipt.0)
}

#[tokio::test]
async fn a_mail_arrives_in_the_open_and_by_both_ways_of_tls() {
    for (encryption, _) in Encryption::ALL {
        let (port, mailbox) = server(encryption).await;
        let receipt = send(settings(port, encryption)).await.unwrap();
        assert!(receipt.starts_with("250"), "{receipt}");
        let arrived = mailbox.0.lock().unwrap().clone();
        let [(to, mail)] = &arrived[..] else { panic!("{encryption:?}: one mail") };
        assert_eq!(*to, ["ada@example.com", "bob@example.com"]);
        for part in [
            "Subject: [FIRING] 1 of 2 alerts go on (package=orders)",
            "Auto-Submitted: auto-generated",
            "Message-ID: <0123456789abcdef.fedcba9876543210@livecheck>",
            "In-Reply-To: <fedcba9876543210@livecheck>",
            "FIRING orders::order_flow: 3 executions in a row did not pass",
            "it was failing for 5m 5s",
        ] {
            assert!(mail.contains(part), "{encryption:?} {part}: {mail}");
        }
    }
}

#[tokio::test]
async fn a_template_makes_the_subject_and_the_text() {
    let (port, mailbox) = server(Encryption::None).await;
    let template = |text: &str| Some(Template::new(text).unwrap());
    let settings = EmailSettings {
        subject: template("{{ origin }}:\n{{ alerts[0].case }}"),
        template: template("Look at {{ link }}"),
        ..settings(port, Encryption::None)
    };
    send(settings).await.unwrap();
    let (_, mail) = mailbox.0.lock().unwrap()[0].clone();
    assert!(mail.contains("Subject: shop: orders::order_flow\r\n"), "{mail}");
    assert!(mail.ends_with("\r\nLook at https://livecheck.example.com/\r\n"), "{mail}");
}

#[tokio::test]
async fn who_is_not_let_in_or_writes_to_nobody_is_told_so() {
    let (port, _) = server(Encryption::StartTls).await;
    let login = Some(("me".to_owned(), secret("hunter3")));
    let error = send(EmailSettings { login, ..settings(port, Encryption::StartTls) }).await.unwrap_err();
    assert!(error.refused && error.reason.contains("535") && !error.reason.contains("hunter3"), "{error}");
    let to = vec!["nobody@example.com".to_owned()];
    let error = send(EmailSettings { to, ..settings(port, Encryption::StartTls) }).await.unwrap_err();
    assert!(error.refused && error.reason.contains("550"), "{error}");
}

#[tokio::test]
async fn a_server_that_offers_no_tls_or_is_another_gets_no_password() {
    let (port, mailbox) = server(Encryption::None).await;
    assert!(send(settings(port, Encryption::StartTls)).await.is_err());
    let (tls, _) = server(Encryption::Tls).await;
    // Nobody has said that its certificate is to be trusted.
    let error = send(EmailSettings { ca_file: None, ..settings(tls, Encryption::Tls) }).await.unwrap_err();
    assert!(error.reason.to_lowercase().contains("certificate"), "{error}");
    assert!(mailbox.0.lock().unwrap().is_empty());
}

#[test]
fn an_address_that_is_none_is_named() {
    let to = vec!["ada".to_owned()];
    let error = Email::new(EmailSettings { to, ..settings(25, Encryption::None) }).unwrap_err();
    assert!(matches!(error, EmailError::Address(address) if address == "ada"));
}
