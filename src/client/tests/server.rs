//! A server that answers as a test tells it to, a clock that a test moves, and a client for both.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::client::{Client, Clock, Credential, Host, Options, Origin, PortalPath, Reader, Sleep, Writer};

pub(super) const CLIENT_SECRET: &str = "planted-client-secret";

/// What arrived.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query, as sent.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_sign_in(&self) -> bool {
        self.target.starts_with("/accounts/api/v2/oauth2/token") || self.target == "/accounts/api/login"
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// These bytes as they are, then the end of the connection.
    Raw(Vec<u8>),
    /// The end of the connection.
    Close,
    /// Nothing, ever.
    Silence,
}

pub(super) fn json(body: &str) -> Reply {
    answer(200, body)
}

pub(super) fn answer(status: u16, body: &str) -> Reply {
    Reply::Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

impl Reply {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Handler = dyn FnMut(&Request) -> Reply + Send;

/// Listens on a port of its own until it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    /// While closed, answers are held back.
    open: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers everything by `handler`, sign-in too.
    pub(super) async fn bare(handler: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Mutex<Box<Handler>>> = Arc::new(Mutex::new(Box::new(handler)));
        let (open, gate) = watch::channel(true);
        let record = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&handler), Arc::clone(&record), gate.clone()));
            }
        });
        Self { address, requests, open, task }
    }

    /// Gives the tokens `token-1`, `token-2` … to whoever signs in, and answers all else by `handler`.
    pub(super) async fn new(mut handler: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let mut tokens = 0;
        Self::bare(move |request| {
            if request.is_sign_in() {
                tokens += 1;
                json(&format!(r#"{{"access_token":"token-{tokens}","token_type":"bearer","expires_in":3600}}"#))
            } else {
                handler(request)
            }
        })
        .await
    }

    /// Answers with these in turn, and with the last one from then on.
    pub(super) async fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter().peekable();
        let mut last = None;
        Self::new(move |_| {
            last = replies.next().or(last.take());
            last.clone().unwrap()
        })
        .await
    }

    /// Returns what arrived so far, sign-in aside.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.all_requests().into_iter().filter(|request| !request.is_sign_in()).collect()
    }

    pub(super) fn sign_ins(&self) -> usize {
        self.all_requests().iter().filter(|request| request.is_sign_in()).count()
    }

    pub(super) fn all_requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) fn hold(&self, held: bool) {
        self.open.send_replace(!held);
    }

    /// Returns options for a client of this server with a clock that jumps instead of waiting.
    pub(super) fn options(&self) -> Options {
        options(self.address, TestClock::jumping())
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.options()).unwrap()
    }

    pub(super) fn reader(&self) -> Reader {
        self.client().reader()
    }

    pub(super) fn writer(&self) -> Writer {
        self.client().writer()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn options(address: SocketAddr, clock: Arc<TestClock>) -> Options {
    let credential = Credential::connected_app(
        "app".into(),
        CLIENT_SECRET.into(),
        Origin::Environment("ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET"),
    );
    Options { clock, jitter_seed: Some(1), ..Options::new(Host::loopback(address).unwrap(), credential) }
}

pub(super) fn portal() -> PortalPath {
    PortalPath { connection: "conn-001".into(), portal: "p1".into() }
}

async fn serve(
    mut stream: TcpStream,
    handler: Arc<Mutex<Box<Handler>>>,
    record: Arc<Mutex<Vec<Request>>>,
    mut open: watch::Receiver<bool>,
) {
    let mut buffer = Vec::new();
    while let Some(request) = receive(&mut stream, &mut buffer).await {
        record.lock().unwrap().push(request.clone());
        if open.wait_for(|open| *open).await.is_err() {
            return;
        }
        let reply = (handler.lock().unwrap())(&request);
        match reply {
            Reply::Answer { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&[name, ": ", &value, "\r\n"].concat());
                }
                head.push_str("\r\n");
                let whole = [head.as_bytes(), &body].concat();
                if stream.write_all(&whole).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Close => return,
            Reply::Silence => std::future::pending().await,
        }
    }
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
            buffer.drain(..end + 4);
            break head;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(buffer.drain(..length).collect()).unwrap();
    Some(Request { method, target, headers, body })
}

/// Time that passes only when somebody waits for it, or when the test says so.
pub(super) struct TestClock {
    start: Instant,
    passed: watch::Sender<Duration>,
    jumps: AtomicBool,
    sleeps: Mutex<Vec<Duration>>,
    /// Limits of at most this were reached just now.
    expired: watch::Sender<Duration>,
}

/// 2026-01-01T00:00:00Z.
pub(super) const EPOCH_SECONDS: u64 = 1_767_225_600;

impl TestClock {
    /// Whoever waits moves the time on.
    pub(super) fn jumping() -> Arc<Self> {
        let clock = Self::still();
        clock.jumps.store(true, Ordering::SeqCst);
        clock
    }

    /// Whoever waits waits until the test calls [`TestClock::advance`].
    pub(super) fn still() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            passed: watch::Sender::new(Duration::ZERO),
            jumps: AtomicBool::new(false),
            sleeps: Mutex::default(),
            expired: watch::Sender::new(Duration::ZERO),
        })
    }

    pub(super) fn advance(&self, duration: Duration) {
        self.passed.send_modify(|passed| *passed += duration);
    }

    /// Whatever is bounded by at most this just now has taken too long, without any time passing.
    pub(super) fn expire(&self, limit: Duration) {
        self.expired.send_replace(limit);
    }

    /// Returns every wait that was asked for.
    pub(super) fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.lock().unwrap().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.start + *self.passed.borrow()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH_SECONDS) + *self.passed.borrow()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.sleeps.lock().unwrap().push(duration);
        let until = *self.passed.borrow() + duration;
        if self.jumps.load(Ordering::SeqCst) {
            self.passed.send_modify(|passed| *passed = until.max(*passed));
        }
        let mut passed = self.passed.subscribe();
        Box::pin(async move {
            let _ = passed.wait_for(|passed| *passed >= until).await;
        })
    }

    fn limit(&self, limit: Duration) -> Sleep {
        let mut expired = self.expired.subscribe();
        Box::pin(async move { while expired.changed().await.is_ok() && *expired.borrow_and_update() < limit {} })
    }
}

/// Lets other tasks run until something holds; gives up rather than hang.
pub(super) async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("what was waited for does not come about");
}

/// Collects what is logged.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        // With a single subscriber in the process, whatever thread comes first to a callsite decides for all of them
        // whether anybody listens there. One that listens everywhere keeps the threads of other tests from saying no.
        static LISTENS: Once = Once::new();
        LISTENS.call_once(|| drop(tracing::subscriber::set_global_default(tracing_subscriber::registry())));
        let log = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
