//! `edgewatch score` on files and pipes.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use edgewatch_tests::agent::{binary, run_to_end};
use tempfile::TempDir;

/// Three days of a daily rhythm with a fault on the third.
fn series() -> String {
    let mut text = "host,timestamp,value\n".to_owned();
    for point in 0..3 * 288_u64 {
        let rhythm = (point as f64 / 288.0 * std::f64::consts::TAU).sin();
        let fault = if (800..806).contains(&point) { 3.0 } else { 1.0 };
        let value = (50.0 + 20.0 * rhythm + (point * point % 17) as f64 / 10.0) * fault;
        let _ = writeln!(text, "a,{},{value:.2}", 1_772_323_200 + point * 300);
    }
    text
}

#[tokio::test]
async fn a_file_is_scored_row_by_row_and_drawn() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("cpu.csv"), series())?;

    let printed = run_to_end(["score", &path("cpu.csv")]).await?;
    let drawn = run_to_end([
        "score",
        &path("cpu.csv"),
        "--plot",
        "--summary",
        "-o",
        &path("out.csv"),
        "--svg",
        &path("cpu.svg"),
    ])
    .await?;

    assert_eq!((printed.status.code(), drawn.status.code()), (Some(0), Some(0)));
    let csv = String::from_utf8(printed.stdout)?;
    assert_eq!(std::fs::read_to_string(path("out.csv"))?, csv);
    assert_eq!(csv.lines().next(), Some("timestamp,value,score,p,event,reason"));
    let echoed: Vec<String> =
        csv.lines().skip(1).map(|row| row.split(',').take(2).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(echoed, series().lines().skip(1).map(|row| row[2..].to_owned()).collect::<Vec<_>>());
    let started: Vec<&str> = csv.lines().filter(|row| row.contains(",start,")).collect();
    assert!(
        started.iter().any(|row| row.starts_with(&format!("{},", 1_772_323_200 + 800 * 300))),
        "{started:?}"
    );
    assert!(String::from_utf8(drawn.stdout)?.contains('━'));
    assert!(String::from_utf8(drawn.stderr)?.starts_with("rows: 864, not scored: 0, events: "));
    assert!(std::fs::read_to_string(path("cpu.svg"))?.ends_with("</svg>\n"));
    Ok(())
}

#[test]
fn a_pipe_is_scored_as_it_comes_and_a_reader_that_has_seen_enough_is_no_failure() -> anyhow::Result<()> {
    let mut command = Command::new(binary()?);
    let mut child = command
        .args(["score", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = child.stdout.take().expect("piped");

    stdin.write_all(b"timestamp,value\n1772323200,1\n")?;
    stdin.flush()?;
    let expected = b"timestamp,value,score,p,event,reason\n1772323200,1,0,1,,\n";
    let mut read = vec![0; expected.len()];
    stdout.read_exact(&mut read)?;
    drop(stdout);
    // More than pipes and buffers hold; the program may end before it has read all of it.
    let _ = stdin.write_all(series().repeat(20).as_bytes());
    drop(stdin);

    let output = child.wait_with_output()?;
    assert_eq!(String::from_utf8(read)?.as_bytes(), expected);
    assert_eq!((output.status.code(), String::from_utf8(output.stderr)?), (Some(0), String::new()));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_scored_or_would_destroy_the_input_is_refused() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.csv").to_string_lossy().into_owned();
    std::fs::write(&path, "time,cpu\n1,2\n")?;

    let unknown = run_to_end(["score", &path]).await?;
    let destroyed = run_to_end(["score", &path, "-o", &path]).await?;

    assert_eq!((unknown.status.code(), destroyed.status.code()), (Some(1), Some(1)));
    assert_eq!(
        String::from_utf8(unknown.stderr)?,
        format!(
            "edgewatch: {path}, line 1: no columns `timestamp` and `value` in the header, which has `time,cpu`\n"
        )
    );
    assert_eq!(std::fs::read_to_string(&path)?, "time,cpu\n1,2\n");
    Ok(())
}
