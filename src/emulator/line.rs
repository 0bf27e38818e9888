//! Connections that can be broken on purpose: reset without an answer, or closed in the middle of one.
//!
//! The break is made below HTTP, where the bytes leave, so that a client meets what a lost connection really is.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// What ends the head of an answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Accepts connections that can be broken.
pub(crate) struct Lines(pub(crate) TcpListener);

/// A connection.
pub(crate) struct Line {
    stream: TcpStream,
    breaker: Breaker,
}

/// Breaks one connection; requests have that of theirs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker(Arc<Mutex<Break>>);

#[derive(Debug, Clone, Copy, Default)]
enum Break {
    #[default]
    Whole,
    /// Nothing more leaves, and the other side is told that the connection was reset.
    Reset,
    /// The head of the next answer leaves, and so many bytes after it.
    Cut { head: Head, left: usize },
}

/// How much of the end of a head has passed; all of it: the head is over.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    matched: usize,
}

impl Head {
    fn is_over(self) -> bool {
        self.matched == HEAD_END.len()
    }

    fn pass(&mut self, byte: u8) {
        if byte == HEAD_END[self.matched] {
            self.matched += 1;
        } else {
            self.matched = usize::from(byte == HEAD_END[0]);
        }
    }
}

impl Breaker {
    /// The connection is reset in place of the next byte.
    pub(crate) fn reset(&self) {
        *self.lock() = Break::Reset;
    }

    /// The connection closes after so many bytes of the next answer's body.
    pub(crate) fn cut_after(&self, bytes: usize) {
        *self.lock() = Break::Cut { head: Head::default(), left: bytes };
    }

    /// How much of these bytes may leave; an error if the connection is over.
    fn allow(&self, bytes: &[u8]) -> io::Result<usize> {
        match *self.lock() {
            Break::Whole => Ok(bytes.len()),
            Break::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            Break::Cut { head, left } => match passing(head, left, bytes).2 {
                0 if !bytes.is_empty() => Err(io::ErrorKind::BrokenPipe.into()),
                allowed => Ok(allowed),
            },
        }
    }

    /// These bytes have left.
    fn passed(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if let Break::Cut { head, left } = *state {
            let (head, left, _) = passing(head, left, bytes);
            *state = Break::Cut { head, left };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Break> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a cut stands after these bytes, and how many of them are let through.
fn passing(mut head: Head, mut left: usize, bytes: &[u8]) -> (Head, usize, usize) {
    for (index, byte) in bytes.iter().enumerate() {
        if !head.is_over() {
            head.pass(*byte);
        } else if left > 0 {
            left -= 1;
        } else {
            return (head, left, index);
        }
    }
    (head, left, bytes.len())
}

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Line { stream, breaker: Breaker::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Breaker {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().breaker.clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let allowed = match self.breaker.allow(bytes) {
            Ok(allowed) => allowed,
            Err(error) => {
                if error.kind() == io::ErrorKind::ConnectionReset {
                    // Without lingering, closing the socket sends a reset in place of an end.
                    self.stream.set_zero_linger()?;
                }
                return Poll::Ready(Err(error));
            }
        };
        let written = Pin::new(&mut self.stream).poll_write(context, &bytes[..allowed]);
        if let Poll::Ready(Ok(count)) = written {
            self.breaker.passed(&bytes[..count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_lets_the_head_and_so_many_bytes_pass_however_they_are_written() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef";
        for chunk in 1..=answer.len() {
            let breaker = Breaker::default();
            breaker.cut_after(3);
            let mut left = Vec::new();
            let ended = answer.chunks(chunk).find_map(|bytes| match breaker.allow(bytes) {
                Ok(allowed) => {
                    left.extend_from_slice(&bytes[..allowed]);
                    breaker.passed(&bytes[..allowed]);
                    (allowed < bytes.len()).then(|| breaker.allow(&bytes[allowed..]))
                }
                Err(error) => Some(Err(error)),
            });
            assert!(left.ends_with(b"\r\n\r\nabc"), "{chunk}: {}", String::from_utf8_lossy(&left));
            assert!(ended.is_some_and(|ended| ended.is_err()), "{chunk}");
        }
    }

    #[test]
    fn nothing_leaves_a_line_that_was_reset() {
        let breaker = Breaker::default();
        assert_eq!(breaker.allow(b"ab").ok(), Some(2));
        breaker.reset();
        assert_eq!(breaker.allow(b"ab").map_err(|error| error.kind()), Err(io::ErrorKind::ConnectionReset));
    }
}
