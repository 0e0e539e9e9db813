//! A small file whose content may change while the agent runs: a token, a password, a list of users.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgewatch_core::config::{ConfigError, Secret};
use edgewatch_core::factory::BuildContext;
use edgewatch_core::host::Host;
use edgewatch_core::telemetry::Counter;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::Instant;
use tracing::{info, warn};

/// The shortest time between two looks at the file. Nobody looks while nothing is asked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a text means; the error says what is wrong with it, without showing it.
type Parse<T> = Box<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// What a file says, read again when it is asked for and may have changed. A file that has become unreadable or senseless leaves
/// what it said before in use, counted.
pub(super) struct FreshFile<T>(Arc<Shared<T>>);

struct Shared<T> {
    path: PathBuf,
    host: Arc<dyn Host>,
    parse: Parse<T>,
    failed: Counter,
    state: Mutex<State<T>>,
    /// Held by the one who looks: a file that does not answer keeps one thread, not one for every look.
    turn: Arc<Turn<()>>,
}

struct State<T> {
    text: Secret,
    value: Arc<T>,
    looked_at: Instant,
}

impl<T: Send + Sync + 'static> FreshFile<T> {
    /// Reads the file that `key` names.
    pub(super) fn open(
        key: &str,
        path: &str,
        context: &BuildContext,
        parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let path = PathBuf::from(path);
        let wrong = |fact: String| ConfigError::new(key, format!("{}: {fact}", path.display()));
        let text = context.host.read(&path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let value = parse(&text).map_err(wrong)?;
        let failed = context.telemetry.counter(
            "edgewatch_extension_file_failures",
            "{reads}",
            "Times that a file could not be read again; what it said before stayed in use.",
        );
        let state = State { text: Secret::new(text), value: Arc::new(value), looked_at: Instant::now() };
        let (host, parse) = (Arc::clone(&context.host), Box::new(parse));
        let (state, turn) = (Mutex::new(state), Arc::default());
        Ok(Self(Arc::new(Shared { path, host, parse, failed, state, turn })))
    }

    /// What the file says.
    pub(super) async fn get(&self) -> Arc<T> {
        let due = {
            let mut state = self.0.lock();
            let due = state.looked_at.elapsed() >= LOOK_EVERY;
            if due {
                // Others go on with what is there meanwhile.
                state.looked_at = Instant::now();
            }
            due
        };
        if due && let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned() {
            self.look(turn).await;
        }
        Arc::clone(&self.0.lock().value)
    }

    /// What the file says at this moment.
    pub(super) async fn get_now(&self) -> Arc<T> {
        self.look(Arc::clone(&self.0.turn).lock_owned().await).await;
        Arc::clone(&self.0.lock().value)
    }

    async fn look(&self, turn: OwnedMutexGuard<()>) {
        let shared = Arc::clone(&self.0);
        let look = move || {
            shared.look();
            drop(turn);
        };
        // The file may lie on something slow. When the agent stops meanwhile there is nothing to read.
        let _ended = tokio::task::spawn_blocking(look).await;
    }
}

impl<T> Shared<T> {
    fn look(&self) {
        let file = self.path.display();
        match self.changed() {
            Ok(false) => {}
            Ok(true) => info!(%file, "the file has changed, what it says is in use"),
            Err(error) => {
                self.failed.add(1);
                warn!(%file, error, "the file cannot be used, what it said before stays in use");
            }
        }
    }

    fn changed(&self) -> Result<bool, String> {
        let text = self.host.read(&self.path).map_err(|error| error.to_string())?;
        if text == self.lock().text.expose() {
            return Ok(false);
        }
        let value = Arc::new((self.parse)(&text)?);
        let mut state = self.lock();
        state.text = Secret::new(text);
        state.value = value;
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use edgewatch_core::testing::Silent;
    use futures_util::FutureExt;

    use super::super::testing::{a_second_later, file, on_this_machine};
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_does_not_answer_holds_up_one_look_only() {
        let (_folder, path) = file("once");
        let (context, _) = on_this_machine();
        let text = |text: &str| Ok(text.to_owned());
        let fresh = FreshFile::open("file", path.to_str().expect("text"), &context, text).expect("readable");
        let _silent = Silent::instead_of(path).expect("a pipe");

        a_second_later().await;
        assert_eq!(fresh.get().now_or_never(), None, "it looks");
        for _ in 0..3 {
            a_second_later().await;
            assert_eq!(fresh.get().now_or_never().as_deref(), Some(&"once".to_owned()));
        }
    }
}
