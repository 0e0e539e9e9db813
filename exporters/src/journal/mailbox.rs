//! Commands on their way to the writing thread.
//!
//! The receiver of a `crossbeam-channel` yields its core several times before it sleeps, which costs more than the request that it waits for
//! where threads share a core. Here it sleeps at once, and is woken only when it does sleep.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendError, Sender, TryRecvError, unbounded};

/// The end that sends.
#[derive(Debug)]
pub(super) struct Post<T> {
    /// There until this is dropped.
    channel: Option<Sender<T>>,
    sleeper: Arc<Sleeper>,
}

/// The end that receives, for one thread.
#[derive(Debug)]
pub(super) struct Mailbox<T> {
    channel: Receiver<T>,
    sleeper: Arc<Sleeper>,
}

#[derive(Debug, Default)]
struct Sleeper {
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

/// A mailbox, and the way into it.
pub(super) fn mailbox<T>() -> (Post<T>, Mailbox<T>) {
    let (sender, receiver) = unbounded();
    let sleeper = Arc::<Sleeper>::default();
    (Post { channel: Some(sender), sleeper: Arc::clone(&sleeper) }, Mailbox { channel: receiver, sleeper })
}

impl<T> Clone for Post<T> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone(), sleeper: Arc::clone(&self.sleeper) }
    }
}

impl<T> Post<T> {
    /// Sends `message`; never waits.
    ///
    /// # Errors
    ///
    /// The message, when the receiving end is gone.
    pub(super) fn send(&self, message: T) -> Result<(), SendError<T>> {
        let Some(channel) = &self.channel else { return Err(SendError(message)) };
        channel.send(message)?;
        self.sleeper.wake();
        Ok(())
    }
}

impl<T> Drop for Post<T> {
    fn drop(&mut self) {
        // It may be the last: the other end then finds that nothing will come.
        drop(self.channel.take());
        self.sleeper.wake();
    }
}

impl Sleeper {
    fn wake(&self) {
        // Together with the fence in `wait`: either that sees the message, or this sees that it sleeps.
        fence(Ordering::SeqCst);
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

impl<T> Mailbox<T> {
    /// The next message; waits for one, at most to `until`.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError`]: none came in time, or none will ever come.
    pub(super) fn next(&self, until: Option<Instant>) -> Result<T, RecvTimeoutError> {
        self.sleeper.thread.get_or_init(thread::current);
        loop {
            match self.channel.try_recv() {
                Ok(message) => {
                    self.sleeper.asleep.store(false, Ordering::Relaxed);
                    return Ok(message);
                }
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            if self.sleeper.asleep.swap(true, Ordering::SeqCst) {
                // It was announced before, and what came since has been looked for.
                match until.map(|until| until.saturating_duration_since(Instant::now())) {
                    None => thread::park(),
                    Some(rest) if rest.is_zero() => {
                        self.sleeper.asleep.store(false, Ordering::SeqCst);
                        return Err(RecvTimeoutError::Timeout);
                    }
                    Some(rest) => thread::park_timeout(rest),
                }
            }
            fence(Ordering::SeqCst);
        }
    }

    /// What has come already.
    pub(super) fn ready(&self) -> impl Iterator<Item = T> {
        self.channel.try_iter()
    }

    /// Whether nothing has come.
    pub(super) fn is_empty(&self) -> bool {
        self.channel.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_message_arrives_however_often_the_receiver_falls_asleep() {
        let (post, mailbox) = mailbox();
        let senders: Vec<_> = (0..4_u64)
            .map(|sender| {
                let post = post.clone();
                thread::spawn(move || {
                    for message in 0..20_000 {
                        post.send(sender * 20_000 + message).expect("the other end is there");
                        if message % 7 == 0 {
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        drop(post);
        let mut received: Vec<u64> = std::iter::from_fn(|| mailbox.next(None).ok()).collect();
        for sender in senders {
            sender.join().expect("sent");
        }
        received.sort_unstable();
        assert!(received.into_iter().eq(0..80_000));
    }

    #[test]
    fn waiting_ends_in_time() {
        let (_post, mailbox) = mailbox::<()>();
        let until = Instant::now() + Duration::from_millis(5);
        assert_eq!(mailbox.next(Some(until)), Err(RecvTimeoutError::Timeout));
        assert!(Instant::now() >= until);
    }

    #[test]
    fn waiting_ends_when_nothing_can_come() {
        let (post, mailbox) = mailbox::<()>();
        let waiting = thread::spawn(move || mailbox.next(None));
        drop(post);
        assert_eq!(waiting.join().expect("ended"), Err(RecvTimeoutError::Disconnected));
    }
}
