//! Every page is in the table of contents, and every link in the book leads somewhere inside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::page::Page;

/// What is wrong with the links of these pages, whose paths begin at the workspace's folder.
///
/// `built` is the folder of the built book: its pages have the anchors.
pub(super) fn faults(pages: &[&Page], root: &Path, built: &Path) -> Vec<String> {
    let mut faults = not_in_contents(pages);
    let mut anchors = BTreeMap::new();
    for page in pages {
        for (link, line) in &page.links {
            let fault = fault(page, link, root, built, &mut anchors);
            faults.extend(fault.map(|fault| format!("{}:{line}: {link}: {fault}", page.path.display())));
        }
    }
    faults
}

fn not_in_contents(pages: &[&Page]) -> Vec<String> {
    let contents = pages.iter().filter(|page| page.path == Path::new("docs/SUMMARY.md")).flat_map(|page| &page.links);
    let listed: BTreeSet<_> = contents.map(|(link, _)| Path::new("docs").join(link)).collect();
    let missing = pages
        .iter()
        .map(|page| &page.path)
        .filter(|path| path.starts_with("docs") && *path != Path::new("docs/SUMMARY.md") && !listed.contains(*path));
    missing.map(|path| format!("{}: it is not in docs/SUMMARY.md", path.display())).collect()
}

fn fault(
    page: &Page,
    link: &str,
    root: &Path,
    built: &Path,
    anchors: &mut BTreeMap<PathBuf, BTreeSet<String>>,
) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("mailto:") {
        return None;
    }
    if link.contains(':') || link.starts_with('/') {
        return Some("neither https nor a page of the book".to_owned());
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let here = page.path.parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() { page.path.clone() } else { normal(&here.join(path)) };
    if page.path.starts_with("docs") && !target.starts_with("docs") {
        return Some("it leaves the book".to_owned());
    }
    let file = root.join(&target);
    if !file.exists() {
        return Some("there is no such file".to_owned());
    }
    let inside = target.strip_prefix("docs").ok().filter(|_| target.extension().is_some_and(|kind| kind == "md"));
    if let (Some(inside), false) = (inside, anchor.is_empty()) {
        let page = built.join(inside).with_extension("html");
        let known = anchors.entry(page.clone()).or_insert_with(|| ids(&fs::read_to_string(page).unwrap_or_default()));
        return (!known.contains(anchor)).then(|| "that page has no such heading".to_owned());
    }
    None
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
        path
    })
}

fn ids(html: &str) -> BTreeSet<String> {
    html.split(" id=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(id, _)| id.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Page, faults, ids, normal};

    #[test]
    fn a_page_that_is_not_in_the_contents_and_a_dead_link_are_found() {
        let folder = std::env::temp_dir().join(format!("jeton-links-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("docs")).unwrap();
        std::fs::write(folder.join("docs/a.md"), "").unwrap();
        std::fs::write(folder.join("a.html"), "<h2 id=\"known\">").unwrap();
        let text =
            "[1](a.md#known) [2](a.md#unknown) [3](b.md) [4](../README.md) [5](https://example.com) [6](http://a)";
        let pages = [Page::read("docs/SUMMARY.md".into(), text), Page::read("docs/c.md".into(), "")];
        let found = faults(&pages.iter().collect::<Vec<_>>(), &folder, &folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found[0].starts_with("docs/c.md: it is not in"), "{found:?}");
    }

    #[test]
    fn paths_and_anchors_are_read() {
        assert_eq!(normal(Path::new("docs/how-to/../reference/./a.md")), Path::new("docs/reference/a.md"));
        assert!(ids("<h1 class=\"x\" id=\"one\">").contains("one"));
    }
}
