//! The Tomcat of the stories, without any agent: what it writes equals the tally of the load.

use edgewatch_tests::tomcat::{Base, Load};

#[tokio::test]
async fn the_access_log_has_a_line_for_every_request_of_the_tally() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let tomcat = base.valve("buffered=\"false\" fileDateFormat=\".yyyy-MM-dd.HH-mm-ss\"").start().await?;
    let mut load = Load::on(&tomcat);

    load.mixed(12).await?;
    while tomcat.access_logs()?.len() < 2 {
        load.mixed(1).await?;
    }

    // A line may be written after the client has its answer.
    let lines = tomcat.wait_for_lines(load.tally.count()).await?;
    assert_eq!(lines.len() as u64, load.tally.count(), "{lines:#?}");
    let failures = lines.iter().filter(|line| line.contains("\" 500 ")).count();
    assert_eq!(failures as u64, load.tally.with_status(|status| status == 500));
    let logs = tomcat.base().join("logs");
    let localhost = std::fs::read_dir(&logs)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("localhost.")));
    let text = std::fs::read_to_string(localhost.expect("the log of the host"))?;
    assert!(text.contains("boom 1"), "{text}");
    Ok(())
}
