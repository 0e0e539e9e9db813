//! Requests, and exactly what came back.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::instance::Tomcat;
use crate::client::send;

/// Requests by method and status.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many of each, and the bytes of their bodies.
    pub requests: BTreeMap<(String, u16), (u64, u64)>,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, method: &str, status: u16, bytes: u64) {
        let (count, sum) = self.requests.entry((method.to_owned(), status)).or_default();
        *count += 1;
        *sum += bytes;
    }

    /// All requests.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.requests.values().map(|(count, _)| count).sum()
    }

    /// All bytes of bodies.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.requests.values().map(|(_, bytes)| bytes).sum()
    }

    /// All requests whose status satisfies `which`.
    #[must_use]
    pub fn with_status(&self, which: impl Fn(u16) -> bool) -> u64 {
        let chosen = self.requests.iter().filter(|((_, status), _)| which(*status));
        chosen.map(|(_, (count, _))| count).sum()
    }
}

/// A generator of load.
#[derive(Clone, Debug)]
pub struct Load {
    address: SocketAddr,
    /// What it has sent and got.
    pub tally: Tally,
    sent: u64,
}

impl Load {
    /// Load for `tomcat`.
    #[must_use]
    pub fn on(tomcat: &Tomcat) -> Self {
        Self { address: tomcat.address(), tally: Tally::default(), sent: 0 }
    }

    /// Sends `rounds` times one of each kind: small and large files, one that is not there, a method that is not allowed, no body, a query
    /// with odd characters, and a failure with a stack trace.
    ///
    /// # Errors
    /// When a request is not answered.
    pub async fn mixed(&mut self, rounds: usize) -> anyhow::Result<()> {
        for _ in 0..rounds {
            self.sent += 1;
            let id = self.sent;
            self.request(Method::GET, &format!("/small.txt?id={id}"), 200).await?;
            self.request(Method::GET, "/small.txt?q=%22quoted%22&x=a%20b%5C", 200).await?;
            self.request(Method::HEAD, "/small.txt", 200).await?;
            self.request(Method::GET, &format!("/missing/{id}"), 404).await?;
            self.request(Method::DELETE, "/small.txt", 405).await?;
            if id % 10 == 1 {
                self.request(Method::GET, "/large.bin", 200).await?;
                self.request(Method::GET, &format!("/boom.jsp?id={id}"), 500).await?;
            }
        }
        Ok(())
    }

    /// Sends one request and counts it.
    ///
    /// # Errors
    /// When it is not answered, or with another status.
    pub async fn request(&mut self, method: Method, path: &str, status: u16) -> anyhow::Result<()> {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header("user-agent", "load \"generator\" \\1")
            .header("referer", "http://localhost/a b");
        let reply = send(self.address, request.body(Bytes::new())?).await?;
        anyhow::ensure!(reply.status == status, "{method} {path}: {}", reply.status);
        self.tally.add(method.as_str(), status, reply.body.len() as u64);
        Ok(())
    }

    /// Asks for a large file and goes away in the middle of it. It is not in the tally: the access log tells how far it got.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn abort(&mut self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(b"GET /large.bin?aborted HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        let mut some = [0; 4096];
        stream.read_exact(&mut some).await?;
        Ok(())
    }
}
