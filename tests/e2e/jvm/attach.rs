//! What is asked over the attach socket: what counters do not tell, of JVMs of every version.

use edgewatch_tests::jvm::{Java, Launch, Watch};

use super::compare::differences;

/// Asks more often than the metrics are read, so that every reading has fresh answers.
const ASKING: &str = "attach: {enabled: true, interval: 200ms}";

#[tokio::test]
async fn jvms_answer_what_their_counters_do_not_tell() -> anyhow::Result<()> {
    let watch = Watch::start("asked-*", ASKING).await?;
    let mut jvms = Vec::new();
    for java in Java::all() {
        for collector in ["G1", "Parallel", "Serial"] {
            let name = format!("asked-java{}-{collector}", java.version);
            let flag = format!("-XX:+Use{collector}GC");
            let jvm = Launch::probe(&java, name).flags([flag]).start().await?;
            jvms.push((java.version, collector, jvm));
        }
    }

    for (_, _, jvm) in &mut jvms {
        for work in ["keep 3000", "gc 1", "allocate 2000"] {
            jvm.tell(work).await?;
        }
    }
    let mut wrong = Vec::new();
    for (version, collector, jvm) in &mut jvms {
        let before = jvm.beans().await?;
        let reading = watch.reading(jvm).await?;
        let after = jvm.beans().await?;
        let found = differences(*version, collector, true, &before, &reading, &after);
        wrong.extend(found.into_iter().map(|text| format!("{} {text}", jvm.name())));
    }

    assert_eq!(wrong, Vec::<String>::new(), "{}", watch.agent.agent.stderr());
    for (_, _, jvm) in jvms {
        jvm.quit().await?;
    }
    Ok(())
}
