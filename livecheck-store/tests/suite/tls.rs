//! Encrypted connections to PostgreSQL.

use std::io::{Read, Write};
use std::net::TcpListener;

use livecheck_store::{Location, Store, StoreError};

/// A real server, by the name that its certificate has, and the file of who has issued it.
fn server() -> Option<(String, String)> {
    let url = std::env::var("LIVECHECK_TEST_POSTGRES").ok();
    let Some((url, ca)) = url.zip(std::env::var("LIVECHECK_TEST_POSTGRES_CA").ok()) else {
        eprintln!("skipped: LIVECHECK_TEST_POSTGRES_CA names no file; `ci/postgres env` prints it");
        return None;
    };
    Some((url.replace("@127.0.0.1:", "@localhost:"), ca))
}

/// Connects with what is added to the URL; why that was not possible.
fn connect(url: &str, query: &str) -> Result<(), String> {
    let location: Location = format!("{url}?{query}").parse().expect("a URL");
    match Store::at(location).writer() {
        Ok(_) => Ok(()),
        Err(StoreError::Unreachable { reason, .. }) => Err(reason),
        Err(error) => panic!("{error}"),
    }
}

/// Whether a connection with what is added to the URL is encrypted, as the server says.
fn is_encrypted(url: &str, query: &str) -> bool {
    let name = format!("tls_{}", uuid::Uuid::new_v4().simple());
    let mut client = postgres::Client::connect(url, postgres::NoTls).expect("the server is there");
    client.batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema of its own");
    let location = format!("{url}?application_name={name}&options=-csearch_path%3D{name}&{query}")
        .parse()
        .expect("a URL");
    let writer = Store::at(location).writer().expect("it connects");
    let ask = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = $1";
    let is_encrypted = client.query_one(ask, &[&name]).expect("one connection").get(0);
    drop(writer);
    client.batch_execute(&format!("DROP SCHEMA {name} CASCADE")).expect("it goes");
    is_encrypted
}

#[test]
fn a_certificate_is_looked_at_as_far_as_the_url_says() {
    let Some((url, ca)) = server() else { return };
    let by_address = url.replace("@localhost:", "@127.0.0.1:");
    let full = format!("sslmode=verify-full&sslrootcert={ca}");
    let issuer = format!("sslmode=verify-ca&sslrootcert={ca}");
    assert_eq!(connect(&url, &full), Ok(()));
    assert_eq!(connect(&by_address, &issuer), Ok(()));
    assert_eq!(connect(&by_address, "sslmode=require"), Ok(()));
    assert_eq!(connect(&by_address, "sslmode=disable"), Ok(()));

    let reason = connect(&by_address, &full).expect_err("the certificate is for another name");
    assert!(reason.contains("not valid for name") && reason.contains("sslmode=verify-ca"), "{reason}");
    let reason = connect(&url, "sslmode=verify-full").expect_err("the system does not know who issued it");
    assert!(
        reason.contains("UnknownIssuer") || reason.contains("the system has no certificates"),
        "{reason}"
    );
    assert!(reason.contains("sslrootcert=FILE"), "{reason}");
}

#[test]
fn a_connection_is_encrypted_wherever_the_server_can() {
    let Some((url, _)) = server() else { return };
    assert!(is_encrypted(&url, "sslmode=prefer"));
    assert!(!is_encrypted(&url, "sslmode=disable"));
}

#[test]
fn a_server_that_encrypts_nothing_is_told_nothing_where_it_should() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it has one").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        // The request for TLS, which is refused; after that nothing may come.
        stream.read_exact(&mut [0; 8]).expect("a request");
        stream.write_all(b"N").expect("an answer");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("it is closed");
        rest
    });
    let url = format!("postgres://me:hush@127.0.0.1:{port}/checks");
    let reason = connect(&url, "sslmode=require").expect_err("it must not connect");
    assert!(reason.contains("server does not support TLS"), "{reason}");
    assert_eq!(server.join().expect("no panic"), b"", "neither a name nor a password");
}

#[test]
fn a_file_of_certificates_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").expect("it is written");
    for (file, expected) in
        [(empty.as_path(), "there is none in it"), (&folder.path().join("ca.pem"), "No such file")]
    {
        let query = format!("sslmode=verify-full&sslrootcert={}", file.display());
        let reason =
            connect("postgres://me@127.0.0.1:1/checks", &query).expect_err("there is nobody to trust");
        assert!(reason.contains(&file.display().to_string()) && reason.contains(expected), "{reason}");
    }
}
