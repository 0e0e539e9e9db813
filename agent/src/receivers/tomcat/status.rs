//! The status page of the manager application, in its two machine-readable forms.
//!
//! Releases that do not know `JSON=true` answer with a page for people; the XML form is as old as the page. Only the JSON form of `status/all`
//! has web applications.

use edgewatch_core::kernel::text;
use serde::Deserialize;

use super::page::Unreadable;
use super::reading::{Pool, Processor, Reading, Sessions, known, unquoted};
use super::tags::{Tag, tags};

#[derive(Deserialize)]
struct Page {
    tomcat: Tomcat,
}

#[derive(Deserialize)]
struct Tomcat {
    #[serde(default)]
    connector: Vec<Connector>,
    #[serde(default)]
    context: Vec<Context>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connector {
    name: String,
    thread_info: Option<ThreadInfo>,
    request_info: Option<RequestInfo>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadInfo {
    max_threads: Option<i64>,
    current_thread_count: Option<i64>,
    current_threads_busy: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestInfo {
    max_time: Option<i64>,
    processing_time: Option<i64>,
    request_count: Option<i64>,
    error_count: Option<i64>,
    bytes_received: Option<i64>,
    bytes_sent: Option<i64>,
}

#[derive(Deserialize)]
struct Context {
    name: String,
    manager: Option<Manager>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manager {
    active_sessions: Option<i64>,
    session_counter: Option<i64>,
    max_active: Option<i64>,
    rejected_sessions: Option<i64>,
    expired_sessions: Option<i64>,
    session_max_alive_time: Option<i64>,
    session_average_alive_time: Option<i64>,
    processing_time: Option<i64>,
}

/// Reads `status?JSON=true` or `status/all?JSON=true`.
pub(crate) fn json(page: &[u8]) -> Result<Reading, Unreadable> {
    let page: Page = serde_json::from_slice(page)
        .map_err(|_| Unreadable::NotAsExpected("it is not the JSON of a status page"))?;
    let mut reading = Reading::default();
    for Connector { name, thread_info, request_info } in page.tomcat.connector {
        let name = unquoted(&name);
        reading.pools.extend(thread_info.map(|info| pool(name, &info)));
        reading.processors.extend(request_info.map(|info| processor(name, &info)));
    }
    for Context { name, manager } in page.tomcat.context {
        reading.sessions.extend(manager.map(|manager| sessions(&name, &manager)));
    }
    Ok(reading)
}

/// Reads `status?XML=true`.
pub(crate) fn xml(page: &[u8]) -> Result<Reading, Unreadable> {
    let page = text(page);
    let mut tags = tags(&page);
    if !tags.any(|tag| tag.name == "status") {
        return Err(Unreadable::NotAsExpected("it is not the XML of a status page"));
    }
    let mut reading = Reading::default();
    let mut name = String::new();
    for tag in tags {
        let number = |key| attribute(&tag, key);
        match tag.name {
            "connector" => {
                name = tag.attribute("name").map(|name| unquoted(&name).to_owned()).unwrap_or_default()
            }
            "threadInfo" => {
                let info = ThreadInfo {
                    max_threads: number("maxThreads"),
                    current_thread_count: number("currentThreadCount"),
                    current_threads_busy: number("currentThreadsBusy"),
                };
                reading.pools.push(pool(&name, &info));
            }
            "requestInfo" => {
                let info = RequestInfo {
                    max_time: number("maxTime"),
                    processing_time: number("processingTime"),
                    request_count: number("requestCount"),
                    error_count: number("errorCount"),
                    bytes_received: number("bytesReceived"),
                    bytes_sent: number("bytesSent"),
                };
                reading.processors.push(processor(&name, &info));
            }
            _ => {}
        }
    }
    Ok(reading)
}

fn attribute(tag: &Tag<'_>, key: &str) -> Option<i64> {
    tag.attribute(key)?.parse().ok()
}

fn pool(name: &str, info: &ThreadInfo) -> Pool {
    Pool {
        name: name.to_owned(),
        threads: info.current_thread_count.and_then(known),
        busy: info.current_threads_busy.and_then(known),
        limit: info.max_threads.and_then(known),
    }
}

fn processor(name: &str, info: &RequestInfo) -> Processor {
    Processor {
        name: name.to_owned(),
        requests: info.request_count.and_then(known),
        errors: info.error_count.and_then(known),
        time: info.processing_time.and_then(known),
        longest: info.max_time.and_then(known),
        received: info.bytes_received.and_then(known),
        sent: info.bytes_sent.and_then(known),
    }
}

/// The page has no limit of sessions: its `maxActive` is the most that were seen.
fn sessions(name: &str, manager: &Manager) -> Sessions {
    // `localhost/shop`; the application of the root is `localhost/`.
    let (host, context) = name.find('/').and_then(|at| name.split_at_checked(at)).unwrap_or(("", name));
    Sessions {
        host: host.to_owned(),
        context: context.to_owned(),
        active: manager.active_sessions.and_then(known),
        limit: None,
        most: manager.max_active.and_then(known),
        created: manager.session_counter.and_then(known),
        expired: manager.expired_sessions.and_then(known),
        rejected: manager.rejected_sessions.and_then(known),
        longest: manager.session_max_alive_time.and_then(known),
        mean: manager.session_average_alive_time.and_then(known),
        time: manager.processing_time.and_then(known),
    }
}
