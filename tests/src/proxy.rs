//! A way to the broker that can be cut or slowed: TCP on loopback, with connections refused while it is cut.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::kafka::Kafka;

/// Ports below those that systems give to outgoing connections, so that nobody takes ours while it is cut.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Stands between a client and the broker.
///
/// Brokers say in their answers under which address they are; the proxy puts its own in place of it, so that the
/// client comes to it for everything.
#[derive(Debug)]
pub struct Proxy {
    link: Arc<Link>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Link {
    port: u16,
    broker: SocketAddr,
    /// The broker's address as it stands in answers: host, then port as four bytes.
    theirs: Vec<u8>,
    /// What takes its place: as long, so that no length changes.
    ours: Vec<u8>,
    open: AtomicBool,
    /// How long whatever goes through is held back, in milliseconds.
    delay: AtomicU64,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// An open way to the shared broker.
    ///
    /// # Panics
    ///
    /// When there is more than one broker, or it is not at an address of IPv4.
    #[must_use]
    pub fn start() -> Self {
        let servers = Kafka::shared().servers();
        let (host, port) = servers.rsplit_once(':').expect("host:port");
        let broker = servers.to_socket_addrs().expect("an address").find(SocketAddr::is_ipv4);
        let broker = broker.expect("one broker, of an IPv4 address");
        let port: u16 = port.parse().expect("a port");
        let (listener, our_port) = free_port();
        let address = |host: &str, port: u16| [host.as_bytes(), &u32::from(port).to_be_bytes()].concat();
        assert_eq!(host, Ipv4Addr::LOCALHOST.to_string(), "the proxy's own host is as long as the broker's");
        let link = Link {
            port: our_port,
            broker,
            theirs: address(host, port),
            ours: address(host, our_port),
            open: AtomicBool::new(true),
            delay: AtomicU64::new(0),
            connections: Mutex::default(),
        };
        let mut proxy = Self { link: Arc::new(link), listening: None };
        proxy.listen(listener);
        proxy
    }

    /// Where it listens, as `bootstrap.servers`.
    #[must_use]
    pub fn servers(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.link.port)
    }

    /// Cuts every connection, and refuses new ones.
    pub fn cut(&mut self) {
        self.link.open.store(false, Ordering::SeqCst);
        // Wakes up the thread that listens, so that it sees this.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.link.port));
        if let Some(listening) = self.listening.take() {
            listening.join().expect("listening does not panic");
        }
        for connection in self.link.connections().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Holds back for so long whatever goes through, each way, until it is [mended](Self::mend).
    pub fn slow(&mut self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.link.delay.store(millis, Ordering::Relaxed);
    }

    /// Lets everything through as at the beginning.
    pub fn mend(&mut self) {
        self.slow(Duration::ZERO);
        if self.listening.is_none() {
            self.restore();
        }
    }

    /// Lets connections through again.
    ///
    /// # Panics
    ///
    /// When somebody has taken the port.
    pub fn restore(&mut self) {
        self.link.open.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + PATIENCE;
        let listener = loop {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, self.link.port)) {
                Ok(listener) => break listener,
                Err(error) => assert!(Instant::now() < deadline, "port {}: {error}", self.link.port),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.listen(listener);
    }

    fn listen(&mut self, listener: TcpListener) {
        let link = Arc::clone(&self.link);
        self.listening = Some(std::thread::spawn(move || {
            for client in listener.incoming() {
                if !link.open.load(Ordering::SeqCst) {
                    return;
                }
                // One connection that fails is the client's to make again.
                if let Ok(client) = client {
                    let _ = link.connect(client);
                }
            }
        }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

impl Link {
    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let broker = TcpStream::connect(self.broker)?;
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        self.connections().extend([client.try_clone()?, broker.try_clone()?]);
        let (mut requests, mut to_broker) = (client.try_clone()?, broker.try_clone()?);
        let slow = Arc::clone(self);
        std::thread::spawn(move || {
            let _ = slow.requests(&mut requests, &mut to_broker);
            let _ = to_broker.shutdown(Shutdown::Both);
        });
        let link = Arc::clone(self);
        std::thread::spawn(move || {
            let _ = link.answers(&broker, &client);
            let _ = client.shutdown(Shutdown::Both);
        });
        Ok(())
    }

    fn hold_back(&self) {
        match self.delay.load(Ordering::Relaxed) {
            0 => {}
            millis => std::thread::sleep(Duration::from_millis(millis)),
        }
    }

    /// Passes on the client's requests, as they come.
    fn requests(&self, client: &mut TcpStream, broker: &mut TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = client.read(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            self.hold_back();
            broker.write_all(&buffer[..length])?;
        }
    }

    /// Passes on the broker's answers, each with its length before it.
    fn answers(&self, mut broker: &TcpStream, mut client: &TcpStream) -> io::Result<()> {
        loop {
            let mut length = [0; 4];
            broker.read_exact(&mut length)?;
            let mut answer = length.to_vec();
            broker.take(u64::from(u32::from_be_bytes(length))).read_to_end(&mut answer)?;
            replace(&mut answer, &self.theirs, &self.ours);
            self.hold_back();
            client.write_all(&answer)?;
        }
    }
}

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let mut from = 0;
    while let Some(found) = bytes[from..].windows(old.len()).position(|window| window == old) {
        let at = from + found;
        bytes[at..at + old.len()].copy_from_slice(new);
        from = at + old.len();
    }
}

/// A port that nobody listens on, and that the system gives to no outgoing connection; held until it is dropped.
///
/// # Panics
///
/// If there is none.
pub fn free_port() -> (TcpListener, u16) {
    // Where to begin is left to chance: other tests look for ports too.
    let start = u16::try_from(uuid::Uuid::new_v4().as_u128() % u128::from(PORTS.end - PORTS.start));
    let start = PORTS.start + start.expect("less than a port");
    let mut ports = (start..PORTS.end).chain(PORTS.start..start);
    ports
        .find_map(|port| Some((TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?, port)))
        .expect("one port in so many is free")
}
