//! What a JVM may be asked, and how that is written.

/// Longest argument that all JVMs take.
const LONGEST: usize = 1024;

/// Everything that is ever asked. Not in here, and so never sent: commands that write heap dumps, change flags, start servers or recorders.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// `GC.heap_info`: no safepoint, a tenth of a millisecond.
    HeapInfo,
    /// `Compiler.codecache`: as cheap.
    CodeCache,
    /// `VM.metaspace basic`: as cheap. Since JDK 11.
    Metaspace,
    /// `VM.flags`, or all of them with their origin: as cheap.
    Flags {
        /// Those that have their default as well.
        all: bool,
    },
    /// `VM.version`.
    Version,
    /// `VM.uptime`.
    Uptime,
    /// `VM.command_line`.
    CommandLine,
    /// `Thread.print`: stops all threads while it prints them. Only when a person asks.
    ThreadPrint {
        /// With `java.util.concurrent` locks.
        locks: bool,
    },
    /// `GC.class_histogram`: stops all threads while it walks the heap. Only when a person asks.
    ClassHistogram {
        /// Counts what is alive only, for which it collects the whole heap first.
        live: bool,
    },
    /// `VM.log list`.
    LogList,
    /// `VM.log`: writes a garbage collection log to a further file. Since JDK 9.
    LogOn {
        /// The file, as the JVM sees it.
        file: String,
        /// What is written.
        detail: GcLogDetail,
    },
    /// `VM.log`: ends what [`Command::LogOn`] began, and nothing else.
    LogOff {
        /// The same file.
        file: String,
    },
    /// Loads a Java agent into the JVM, which cannot be undone. Only when a person asks.
    LoadAgent {
        /// Its jar, as the JVM sees it.
        jar: String,
        /// Its options; may be empty.
        options: String,
    },
}

/// What a garbage collection log has to say so that every pause is in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GcLogDetail {
    /// `gc`: enough for all collectors but ZGC.
    Pauses,
    /// `gc+phases` as well: pauses of ZGC are phases of its cycles.
    PausesAndPhases,
}

/// Why a command cannot be written down.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unsendable {
    /// It would be cut off.
    #[error(
        "an argument of {0} bytes is too long for a JVM, which takes {LONGEST}; use a shorter path or shorter options"
    )]
    TooLong(usize),
    /// It would be taken apart differently.
    #[error(
        "{0:?} cannot be told to a JVM: it must not have quotes, percent signs, spaces or control characters"
    )]
    Unquotable(String),
}

impl Command {
    /// Its name, as users of `jcmd` know it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HeapInfo => "GC.heap_info",
            Self::CodeCache => "Compiler.codecache",
            Self::Metaspace => "VM.metaspace",
            Self::Flags { .. } => "VM.flags",
            Self::Version => "VM.version",
            Self::Uptime => "VM.uptime",
            Self::CommandLine => "VM.command_line",
            Self::ThreadPrint { .. } => "Thread.print",
            Self::ClassHistogram { .. } => "GC.class_histogram",
            Self::LogList | Self::LogOn { .. } | Self::LogOff { .. } => "VM.log",
            Self::LoadAgent { .. } => "load",
        }
    }

    /// The bytes of the request.
    ///
    /// # Errors
    ///
    /// [`Unsendable`], only for commands with texts in them.
    pub fn request(&self) -> Result<Vec<u8>, Unsendable> {
        match self {
            Self::HeapInfo | Self::CodeCache | Self::Version | Self::Uptime | Self::CommandLine => {
                diagnostic(self.name())
            }
            Self::Metaspace => diagnostic("VM.metaspace basic"),
            Self::Flags { all: false } => diagnostic("VM.flags"),
            Self::Flags { all: true } => diagnostic("VM.flags -all"),
            Self::ThreadPrint { locks: false } => diagnostic("Thread.print"),
            Self::ThreadPrint { locks: true } => diagnostic("Thread.print -l"),
            Self::ClassHistogram { live: false } => diagnostic("GC.class_histogram -all"),
            Self::ClassHistogram { live: true } => diagnostic("GC.class_histogram"),
            Self::LogList => diagnostic("VM.log list"),
            Self::LogOn { file, detail } => {
                let what = match detail {
                    GcLogDetail::Pauses => "gc",
                    GcLogDetail::PausesAndPhases => "gc,gc+phases",
                };
                diagnostic(&format!(
                    "VM.log output=\"{}\" what=\"{what}\" decorators=\"uptimenanos,level,tags\" \
                     output_options=\"filecount=1,filesize=512K\"",
                    plain(file)?
                ))
            }
            Self::LogOff { file } => diagnostic(&format!("VM.log output=\"{}\" what=all=off", plain(file)?)),
            Self::LoadAgent { jar, options } => {
                if jar.contains(['\0', '=']) || options.contains('\0') {
                    return Err(Unsendable::Unquotable(format!("{jar}={options}")));
                }
                let agent = if options.is_empty() { jar.clone() } else { format!("{jar}={options}") };
                request(["load", "instrument", "false", &agent])
            }
        }
    }
}

fn diagnostic(command: &str) -> Result<Vec<u8>, Unsendable> {
    request(["jcmd", command, "", ""])
}

/// A request always has a version, a command and three arguments, each ended by a zero.
fn request(words: [&str; 4]) -> Result<Vec<u8>, Unsendable> {
    let mut request = b"1\0".to_vec();
    for word in words {
        if word.len() > LONGEST {
            return Err(Unsendable::TooLong(word.len()));
        }
        request.extend_from_slice(word.as_bytes());
        request.push(0);
    }
    Ok(request)
}

/// A file name that means itself between quotes: a JVM replaces `%p` and `%t`, and ends the name at a quote.
fn plain(file: &str) -> Result<&str, Unsendable> {
    let bad = |character: char| {
        matches!(character, '"' | '\'' | '%' | '\\') || character.is_whitespace() || character.is_control()
    };
    if file.contains(bad) {
        return Err(Unsendable::Unquotable(file.to_owned()));
    }
    Ok(file)
}
