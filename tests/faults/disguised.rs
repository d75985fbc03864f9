//! Files called `.mkv` that are lists of other files, or no regular files at all. The files that they name must never
//! be opened, and none of them may make the program wait.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use av1d_tests::{Library, Run};

use crate::stage::film_of;
use crate::strace::{Strace, read};
use crate::table::{Case, Row, Violation};

/// Formats of lists that ffmpeg would follow, and lists that name the file `secret`.
const LISTS: [(&str, &str); 6] = [
    ("ffconcat", "ffconcat version 1.0\nfile secret\n"),
    ("concat with file:", "ffconcat version 1.0\nfile 'file:secret'\n"),
    ("HLS", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret\n#EXT-X-ENDLIST\n"),
    (
        "DASH",
        "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         mediaPresentationDuration=\"PT1S\"><Period><AdaptationSet mimeType=\"video/webm\"><Representation id=\"1\" \
         bandwidth=\"1\"><BaseURL>secret</BaseURL></Representation></AdaptationSet></Period></MPD>",
    ),
    ("SDP", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"),
    ("a list of images", "secret\nsecret\n"),
];

/// Kinds of files that aren't regular, and the shell command that makes one at the path `$0`.
const OTHERS: [(&str, &str); 5] = [
    ("FIFO", "mkfifo \"$0\""),
    ("device", "mknod \"$0\" c 1 5"),
    ("block device", "mknod \"$0\" b 7 200"),
    ("folder", "mkdir \"$0\""),
    ("symlink to a device", "ln -s /dev/zero \"$0\""),
];

/// No command here may take longer. An open FIFO would make a program wait for ever.
const SOON: Duration = Duration::from_secs(15);

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("playlists named .mkv", |_| {
            if let Some(why) = Strace::missing() {
                return Err(why);
            }
            let cases = LISTS.into_iter().map(|(what, text)| Case::new(what, move || list(text)));
            Ok(cases.collect())
        }),
        Row::new("FIFO, socket, device and folder named .mkv", |_| {
            let mut cases: Vec<Case> =
                OTHERS.into_iter().map(|(what, made)| Case::new(what, move || other(made))).collect();
            cases.push(Case::new("socket", socket));
            Ok(cases)
        }),
    ]
}

fn library() -> Result<Library, String> {
    let mut library = Library::open().ok_or("ffmpeg 8 or newer is missing")?;
    library.hurry();
    let film = film_of(&library, "Film.mkv");
    fs::write(library.path("Good.mkv"), &film).unwrap();
    fs::write(library.path("secret"), &film).unwrap();
    Ok(library)
}

fn list(text: &str) -> Vec<Violation> {
    let library = match library() {
        Ok(library) => library,
        Err(why) => return vec![why],
    };
    let padding = format!("\n{}", "# padding\n".repeat(200));
    let whole = if text.starts_with('<') {
        format!("{text}{}", " ".repeat(2000))
    } else {
        format!("{text}{padding}")
    };
    fs::write(library.path("List.mkv"), &whole).unwrap();
    let mut found = Vec::new();
    let file = library.scratch().join("trace");
    for arguments in [&["watch", "--once"][..], &["encode", "List.mkv"], &["plan", "List.mkv"]] {
        // `-f`: the processes that it starts are traced as well.
        let program = library.command(arguments);
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o"]).arg(&file).args(["-e", "trace=openat,open,openat2,connect,bind"]);
        strace.arg(program.get_program()).args(program.get_args()).current_dir(library.root());
        strace.env("HOME", "/nonexistent").env_remove("AV1D_CONFIG");
        let start = Instant::now();
        let run = Run::of(&mut strace);
        let opened: Vec<String> = read(&file).into_iter().filter(|line| line.contains("secret\"")).collect();
        if !opened.is_empty() {
            found.push(format!("the file that it names was opened: {opened:#?}"));
        }
        let sockets: Vec<String> = read(&file).into_iter().filter(|line| line.contains("AF_INET")).collect();
        if !sockets.is_empty() {
            found.push(format!("the network was asked: {sockets:#?}"));
        }
        // A list that ffprobe recognizes is a skip; one that it doesn't is a file that can't be read.
        let is_skipped = run.status.success() && run.stderr.contains("[unsupported-format]");
        let is_unread = run.status.code() == Some(1);
        if !(is_skipped || is_unread) || !run.stderr.contains("List.mkv") {
            found.push(format!("{arguments:?} doesn't say what is wrong with it\n{run}"));
        }
        if start.elapsed() > SOON {
            found.push(format!("{arguments:?} took {} s", start.elapsed().as_secs()));
        }
    }
    if fs::read_to_string(library.path("List.mkv")).unwrap() != whole {
        found.push("the list was changed".to_owned());
    }
    if fs::read(library.path("secret")).unwrap() != film_of(&library, "Film.mkv") {
        found.push("the file that it names was changed".to_owned());
    }
    found
}

fn other(made: &str) -> Vec<Violation> {
    let library = match library() {
        Ok(library) => library,
        Err(why) => return vec![why],
    };
    let path = library.path("Odd.mkv");
    let made = Command::new("sh").args(["-c", made]).arg(&path).output().unwrap();
    if !made.status.success() {
        // Only root can make devices.
        return Vec::new();
    }
    looked_at(&library)
}

fn socket() -> Vec<Violation> {
    let library = match library() {
        Ok(library) => library,
        Err(why) => return vec![why],
    };
    let _listener = UnixListener::bind(library.path("Odd.mkv")).unwrap();
    looked_at(&library)
}

fn looked_at(library: &Library) -> Vec<Violation> {
    let mut found = Vec::new();
    let before = fs::symlink_metadata(library.path("Odd.mkv")).unwrap().file_type();
    let folder = before.is_dir();
    for arguments in [&["watch", "--once"][..], &["encode", "Odd.mkv"], &["plan", "Odd.mkv"], &["plan", "."]]
    {
        let start = Instant::now();
        let run = library.run(arguments);
        if start.elapsed() > SOON {
            found.push(format!("{arguments:?} took {} s", start.elapsed().as_secs()));
        }
        let named = arguments.contains(&"Odd.mkv") && !(folder && arguments.contains(&"plan"));
        if named && (run.status.code() != Some(1) || !run.stderr.contains("no regular file")) {
            found.push(format!("{arguments:?} doesn't say what is wrong with it\n{run}"));
        }
        if !named && run.status.code() != Some(0) {
            found.push(format!("{arguments:?} fails because of it\n{run}"));
        }
    }
    if fs::symlink_metadata(library.path("Odd.mkv")).map_or(true, |found| found.file_type() != before) {
        found.push("it was changed or is gone".to_owned());
    }
    found
}
