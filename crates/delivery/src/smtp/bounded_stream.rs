//! A connection over which a mail server says no more at once than answers are long: the client reads a
//! line to its end, and for some steps a server has minutes.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// Bytes that a server may say until we say something: far more than a long answer to EHLO, or the
/// certificates of a handshake. The client reads an answer of many lines again with each line.
const SAID_MAX: usize = 64 << 10;

/// A connection, not encrypted yet.
#[derive(Debug)]
pub(crate) struct BoundedStream {
    stream: TcpStream,
    /// Bytes said since we said something.
    said: usize,
}

impl BoundedStream {
    /// Connects to the first address that answers in time.
    pub(crate) async fn connect(server: (&str, u16), wait: Duration) -> io::Result<Self> {
        let mut why = io::Error::other("failed to lookup address information: no address");
        for address in lookup_host(server).await? {
            match timeout(wait, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(Self { stream, said: 0 }),
                Ok(Err(error)) => why = error,
                Err(_elapsed) => why = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(why)
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        this.said += buffer.filled().len() - before;
        if this.said > SAID_MAX {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, bytes))?;
        this.said = 0;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for BoundedStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
