//! Every page of the programs' help.

#![cfg(test)]

use av1d_tests::{Run, av1cli, av1top};

/// A help page: the command words that print it, and its text.
struct Page {
    words: Vec<String>,
    text: String,
}

impl Page {
    fn of(words: Vec<String>) -> Self {
        let (program, commands) = words.split_first().unwrap();
        let mut command = if program == "av1top" { av1top() } else { av1cli() };
        let run = Run::of(command.args(commands).arg("--help")).exits_with(0);
        assert_eq!(run.stderr, "");
        Self { words, text: run.text().to_owned() }
    }

    /// The pages of the commands that this page lists. A new command therefore can't be forgotten here.
    fn below(&self) -> Vec<Self> {
        let listed = self.text.lines().skip_while(|line| *line != "Commands:").skip(1);
        let names = listed.take_while(|line| !line.is_empty()).filter_map(|line| {
            let rest = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
            rest.split(' ').next().filter(|name| *name != "help")
        });
        names.map(|name| Self::of([&self.words[..], &[name.to_owned()]].concat())).collect()
    }

    /// This page and all pages below it.
    fn all(self) -> Vec<Self> {
        let below: Vec<Self> = self.below().into_iter().flat_map(Self::all).collect();
        std::iter::once(self).chain(below).collect()
    }
}

fn pages() -> Vec<Page> {
    let pages: Vec<Page> =
        ["av1cli", "av1top"].into_iter().flat_map(|name| Page::of(vec![name.into()]).all()).collect();
    assert!(pages.len() > 10, "the commands are found");
    pages
}

#[test]
fn help_tells_what_each_command_does() {
    let shown: Vec<String> =
        pages().iter().map(|page| format!("$ {} --help\n{}", page.words.join(" "), page.text)).collect();
    insta::assert_snapshot!("help", shown.join("\n"));
}

#[test]
fn every_page_has_an_example_that_names_its_command() {
    for Page { words, text } in pages() {
        let (_, examples) = text.split_once("\nExample").unwrap_or_else(|| panic!("no example: {text}"));
        // The first page has examples of its commands. The other pages have examples of themselves, possibly with
        // options in between.
        let name = words.last().unwrap();
        assert!(examples.split_whitespace().any(|word| word == name), "{words:?}: {text}");
    }
}

#[test]
fn the_version_is_the_packages() {
    for (name, mut program) in [("av1cli", av1cli()), ("av1top", av1top())] {
        let run = Run::of(program.arg("--version")).exits_with(0);
        assert_eq!(run.text(), format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}
