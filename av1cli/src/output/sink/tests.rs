use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::fs::OpenOptionsExt;

use super::*;

/// Longer than any step here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

fn open(to: impl AsFd) -> Sink {
    Sink::open("a sink", to, Box::new(|loss| format!("{}\n", loss.describe("it")).into_bytes())).unwrap()
}

fn push(sink: &Sink, importance: Importance, line: &str) {
    sink.push(importance, format!("{line}\n").into_bytes());
}

/// Creates a pipe and fills it with blank lines.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'\n'; 4096]).is_ok() {}
    (reader, writer)
}

/// Reads all lines except for blank ones.
fn lines(reader: impl Read) -> Vec<String> {
    let lines = BufReader::new(reader).lines().map(Result::unwrap);
    lines.filter(|line| !line.is_empty()).collect()
}

/// Sums up the dropped lines that were reported.
fn lost(lines: &[String]) -> u64 {
    let said = lines.iter().filter(|line| line.contains(" lost: who reads "));
    said.map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn who_reads_gets_all_in_order() {
    let (reader, writer) = pipe().unwrap();
    let sink = open(&writer);
    drop(writer);
    (0..500).for_each(|number| push(&sink, Importance::News, &number.to_string()));
    assert_eq!(sink.end(|| LONG), 0);
    drop(sink);
    // The global list keeps the sink alive, but its thread has closed its end of the pipe.
    assert_eq!(lines(reader), (0..500).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn who_does_not_read_holds_up_nobody_and_learns_how_much_is_missing() {
    let (reader, writer) = full_pipe();
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let sink = open(&writer);
    drop(writer);
    push(&sink, Importance::Result, "the first");
    (0..50_000).for_each(|_| push(&sink, Importance::News, "one of many"));
    push(&sink, Importance::Result, "the last");
    assert!(sink.is_behind());
    let reading = std::thread::spawn(move || lines(reader));
    assert_eq!(sink.end(|| LONG), 0);
    let lines = reading.join().unwrap();
    assert_eq!(lines.last().unwrap(), "the last");
    let news = lines.iter().filter(|line| *line == "one of many").count() as u64;
    assert_eq!(news + lost(&lines), 50_000, "{:?}", &lines[..3]);
    assert!(news > 5_000 && lines.iter().any(|line| line == "the first"), "{news}: {:?}", &lines[..3]);
}

#[test]
fn a_full_pipe_that_does_not_block_is_no_failure() {
    let (reader, writer) = full_pipe();
    let sink = open(&writer);
    drop(writer);
    push(&sink, Importance::News, "a");
    std::thread::sleep(Duration::from_millis(200));
    assert!(sink.is_behind());
    let reading = std::thread::spawn(move || lines(reader));
    assert_eq!(sink.end(|| LONG), 0);
    assert_eq!(reading.join().unwrap(), ["a"]);
}

#[test]
fn nobody_waits_for_a_disk_that_is_full_or_for_a_reader_that_never_reads() {
    let sink = open(File::options().write(true).open("/dev/full").unwrap());
    push(&sink, Importance::News, "a");
    push(&sink, Importance::News, "b");
    let start = Instant::now();
    assert_eq!(sink.end(|| LONG), 2);
    assert!(start.elapsed() < LONG, "it knows that it can't write");

    let (_reader, writer) = full_pipe();
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let sink = open(&writer);
    push(&sink, Importance::News, "a");
    assert_eq!(sink.end(|| Duration::from_millis(100)), 1);
}

#[test]
fn a_reader_that_died_is_written_to_again_once_another_came() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let read = || {
        File::options().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(&fifo)
    };
    let first = read().unwrap();
    let sink = open(File::options().write(true).open(&fifo).unwrap());
    push(&sink, Importance::News, "heard");
    while sink.is_behind() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(lines(first.try_clone().unwrap().take(6)), ["heard"]);
    drop(first);
    push(&sink, Importance::News, "unheard for a while");
    std::thread::sleep(Duration::from_millis(300));
    let second = read().unwrap();
    rustix::io::ioctl_fionbio(&second, false).unwrap();
    let mut heard = BufReader::new(second).lines().map(Result::unwrap);
    let said = heard.next().unwrap();
    assert!(said.starts_with("0 lines were lost while it couldn't be written for "), "{said}");
    assert!(said.contains("Broken pipe"), "{said}");
    assert_eq!(heard.next().unwrap(), "unheard for a while");
    sink.end(|| LONG);
}
