//! A server in front of a hub, or in place of one, that misbehaves on request.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::Hub;

/// What becomes of one request.
pub(crate) enum Verdict {
    /// The hub answers.
    Pass,
    /// The hub does it, and nobody learns of it: the connection ends without an answer.
    Lose,
    /// The same, and this happens before the connection ends.
    #[cfg(unix)]
    LoseAnd(Box<dyn FnOnce()>),
    /// Something else answers: bytes from the status line on.
    Answer(Vec<u8>),
}

/// It serves until the test's process ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    answers: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Stands in front of a hub; `judge` is told each request's line and body before anything is done with it.
    pub(crate) fn before(hub: &Hub, judge: impl Fn(&str, &str) -> Verdict + Send + Sync + 'static) -> Self {
        Self::before_url(&hub.running().url, judge)
    }

    /// The same for a hub that runs elsewhere.
    pub(crate) fn before_url(url: &str, judge: impl Fn(&str, &str) -> Verdict + Send + Sync + 'static) -> Self {
        let judge = move |head: &str, body: &str| judge(line(head), body);
        Self::start(url.trim_start_matches("http://").to_owned(), judge)
    }

    /// Stands in place of a hub, and is told each request's whole head and body.
    pub(crate) fn in_place(judge: impl Fn(&str, &str) -> Verdict + Send + Sync + 'static) -> Self {
        Self::start(String::new(), judge)
    }

    /// Gives the same bytes to whatever is asked.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(String::new(), move |_, _| Verdict::Answer(bytes.clone()))
    }

    fn start(upstream: String, judge: impl Fn(&str, &str) -> Verdict + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens somewhere"));
        let answers = Arc::new(Mutex::new(Vec::new()));
        let (told, judge) = (Arc::clone(&answers), Arc::new(judge));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (upstream, told, judge) = (upstream.clone(), Arc::clone(&told), Arc::clone(&judge));
                std::thread::spawn(move || {
                    // A client that went away is no fault of the server's.
                    serve(&stream, &upstream, &told, &*judge).ok();
                });
            }
        });
        Self { url, answers }
    }

    /// Everything that the hub has answered so far.
    pub(crate) fn answers(&self) -> Vec<String> {
        self.answers.lock().expect("nobody panics while holding it").clone()
    }
}

/// A request's method and path.
fn line(head: &str) -> &str {
    head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
}

/// Serves one request; the connection is not kept.
fn serve(
    stream: &TcpStream,
    upstream: &str,
    told: &Mutex<Vec<String>>,
    judge: &dyn Fn(&str, &str) -> Verdict,
) -> std::io::Result<()> {
    let (head, body) = request(stream)?;
    let verdict = judge(&head, &String::from_utf8_lossy(&body));
    let answer = if let Verdict::Answer(bytes) = &verdict {
        bytes.clone()
    } else {
        let mut hub = TcpStream::connect(upstream)?;
        hub.write_all(head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n").as_bytes())?;
        hub.write_all(&body)?;
        let mut answer = Vec::new();
        hub.read_to_end(&mut answer)?;
        told.lock().expect("nobody panics while holding it").push(String::from_utf8_lossy(&answer).into_owned());
        answer
    };
    match verdict {
        Verdict::Pass | Verdict::Answer(_) => {
            let mut stream = stream;
            stream.write_all(&answer)?;
            stream.flush()?;
        }
        Verdict::Lose => {}
        #[cfg(unix)]
        Verdict::LoseAnd(happens) => happens(),
    }
    stream.shutdown(Shutdown::Both)
}

/// The head with the host's own name in it, and the body.
fn request(stream: &TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((head, body))
}

/// An answer with this status line and body, complete in itself.
pub(crate) fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
