//! A page of the book, as the checks see it: its blocks with what comments say about them, its links, its table of contents.

use std::path::PathBuf;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page.
pub(super) struct Page {
    /// Where it lies, from the workspace's folder on.
    pub(super) path: PathBuf,
    /// What there is to do, in its order.
    pub(super) steps: Vec<Step>,
    /// Where its links lead, and the line of each.
    pub(super) links: Vec<(String, usize)>,
    /// What the page as a whole needs.
    pub(super) setup: Vec<String>,
    /// Comments that nothing understands.
    pub(super) faults: Vec<String>,
}

/// A block, or commands that the reader does not see.
pub(super) struct Step {
    /// Its first line in the page.
    pub(super) line: usize,
    /// The language of the block; `sh` for commands that the reader does not see.
    pub(super) language: String,
    pub(super) text: String,
    pub(super) notes: Notes,
    /// Whether nothing but space stands between it and the block before.
    pub(super) follows: bool,
}

/// What comments above a block say about it.
#[derive(Default)]
pub(super) struct Notes {
    /// `not run`: why it is not.
    pub(super) not_run: Option<String>,
    /// `exit`: the code that its last command ends with.
    pub(super) exit: i32,
    /// `background`: it goes on running, in a terminal of its own, once this address answers.
    pub(super) background: Option<String>,
    /// `file`: it is written there.
    pub(super) file: Option<String>,
    /// `from`: it is a part of this source, which is compiled elsewhere.
    pub(super) from: Option<String>,
}

impl Page {
    pub(super) fn read(path: PathBuf, text: &str) -> Self {
        let mut page = Self { path, steps: Vec::new(), links: Vec::new(), setup: Vec::new(), faults: Vec::new() };
        let mut notes = Notes::default();
        let mut block: Option<Step> = None;
        let mut comment: Option<(usize, String)> = None;
        let mut block_end = 0_usize;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text.get(..range.start).unwrap_or_default().matches('\n').count().saturating_add(1);
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default().to_owned(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let between = text.get(block_end..range.start).unwrap_or_default();
                    let follows = block_end > 0 && between.trim().is_empty();
                    block =
                        Some(Step { line, language, text: String::new(), notes: std::mem::take(&mut notes), follows });
                }
                Event::Text(words) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&words);
                    }
                }
                Event::End(TagEnd::CodeBlock) => {
                    block_end = range.end;
                    page.steps.extend(block.take());
                }
                Event::Start(Tag::HtmlBlock) => comment = Some((line, String::new())),
                Event::Html(words) => {
                    if let Some((_, comment)) = &mut comment {
                        comment.push_str(&words);
                    }
                }
                Event::End(TagEnd::HtmlBlock) => {
                    if let Some((line, comment)) = comment.take() {
                        page.understand(line, &comment, &mut notes);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push((dest_url.into_string(), line));
                }
                _ => {}
            }
        }
        page
    }

    fn understand(&mut self, line: usize, html: &str, notes: &mut Notes) {
        for comment in
            html.split("<!--").skip(1).filter_map(|rest| rest.split_once("-->")).map(|(inner, _)| inner.trim())
        {
            let (key, value) = comment.split_once(':').unwrap_or((comment, ""));
            let value = value.trim().to_owned();
            match key {
                "not run" if !value.is_empty() => notes.not_run = Some(value),
                "exit" if value.parse::<i32>().is_ok() => notes.exit = value.parse().unwrap_or_default(),
                "background" => notes.background = Some(value),
                "file" => notes.file = Some(value),
                "from" => notes.from = Some(value),
                "setup" => self.setup.push(value),
                "run" => {
                    let notes = std::mem::take(notes);
                    self.steps.push(Step {
                        line,
                        language: "sh".to_owned(),
                        text: value + "\n",
                        notes,
                        follows: false,
                    });
                }
                "figures" | "/figures" | "generated" | "/generated" | "simulation" | "/simulation" => {}
                _ => self.faults.push(format!("line {line}: the comment `{key}` means nothing here")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_block_has_what_the_comments_above_it_say() {
        let text = "# A\n\n<!-- setup: postgres -->\n\n<!-- exit: 1 -->\n```sh\nfalse\n```\n\n```text\nno\n```\n\n\
                    <!-- run:\nmake\n-->\n\n<!-- not run: it takes a day -->\n```sh\nsleep 1d\n```\n[b](c.md#d)\n<!-- odd -->\n";
        let page = Page::read("a.md".into(), text);
        let steps: Vec<_> =
            page.steps.iter().map(|step| (step.line, step.language.as_str(), step.text.as_str())).collect();
        assert_eq!(steps, [(6, "sh", "false\n"), (10, "text", "no\n"), (14, "sh", "make\n"), (19, "sh", "sleep 1d\n")]);
        assert_eq!((page.steps[0].notes.exit, page.steps[2].notes.exit), (1, 0));
        assert_eq!(page.steps[3].notes.not_run.as_deref(), Some("it takes a day"));
        assert_eq!(page.setup, ["postgres"]);
        assert_eq!(page.links, [("c.md#d".to_owned(), 22)]);
        assert_eq!(page.faults.len(), 1);
    }
}
