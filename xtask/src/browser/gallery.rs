//! Screenshots of every view at two widths, and a page that shows them in their order.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::page::Page;
use crate::run::{Failure, target};

/// Name, width and height in CSS pixels.
const SIZES: [(&str, u32, u32); 2] = [("desktop", 1280, 800), ("phone", 375, 812)];
/// Longer pages are cut here.
const LONGEST: f64 = 6000.0;
/// The page is wider than the window: something sticks out.
const STICKS_OUT: &str = "return document.documentElement.scrollWidth > document.documentElement.clientWidth;";

/// A folder of screenshots, in the order in which they were taken.
pub(super) struct Gallery {
    folder: PathBuf,
    shots: RefCell<Vec<Shot>>,
}

struct Shot {
    file: String,
    caption: String,
    size: &'static str,
}

impl Gallery {
    /// An empty one, in the place of the last.
    pub(super) fn open() -> Result<Self, Failure> {
        let folder = target().join("browser").join("screenshots");
        let unmade = |error| Failure::new(format!("{} cannot be made: {error}", folder.display()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(unmade)?;
        }
        fs::create_dir_all(&folder).map_err(unmade)?;
        Ok(Self { folder, shots: RefCell::default() })
    }

    /// Takes the page at both widths, and demands that nothing sticks out of it at either, nor at 320 pixels (WCAG 1.4.10).
    pub(super) fn take(&self, page: &Page<'_>, name: &str, caption: &str) -> Result<(), Failure> {
        let number = self.shots.borrow().len() / SIZES.len() + 1;
        for (size, width, height) in SIZES {
            page.resize(width, height)?;
            let file = format!("{number:02}-{name}-{}-{size}.png", page.looks.name());
            self.write(page, &file)?;
            check_width(page, name, width)?;
            let caption = format!("{caption} ({})", page.looks.name());
            self.shots.borrow_mut().push(Shot { file, caption, size });
        }
        page.resize(320, 640)?;
        check_width(page, name, 320)?;
        page.resize(1280, 800)
    }

    /// The page of a scene that failed.
    pub(super) fn failed(&self, page: &Page<'_>) -> Result<PathBuf, Failure> {
        self.write(page, "failed.png")
    }

    fn write(&self, page: &Page<'_>, file: &str) -> Result<PathBuf, Failure> {
        // What sticks to the window stands at its top.
        page.script("scrollTo(0, 0);", &json!([]))?;
        let sizes = page.devtools("Page.getLayoutMetrics", &json!({}))?;
        let side =
            |name: &str| sizes.pointer(&format!("/cssContentSize/{name}")).and_then(Value::as_f64).unwrap_or(800.0);
        let over = page.script("return document.querySelector('dialog:modal') ? innerHeight : null;", &json!([]))?;
        // A dialog stands over the window, not over the page.
        let height = over.as_f64().unwrap_or_else(|| side("height")).min(LONGEST);
        let clip = json!({ "x": 0, "y": 0, "width": side("width"), "height": height, "scale": 1 });
        let taken = page.devtools("Page.captureScreenshot", &json!({ "clip": clip, "captureBeyondViewport": true }))?;
        let data = taken.get("data").and_then(Value::as_str).unwrap_or_default();
        let bytes = BASE64_STANDARD.decode(data).map_err(|error| Failure::new(format!("no screenshot: {error}")))?;
        let path = self.folder.join(file);
        keep(&path, &bytes)?;
        Ok(path)
    }

    /// Writes the page that shows them all, and says where.
    pub(super) fn close(&self) -> Result<PathBuf, Failure> {
        let shots = self.shots.borrow();
        let figures = shots.iter().map(|Shot { file, caption, size }| {
            format!("<figure class={size}><a href=\"{file}\"><img src=\"{file}\" alt=\"\" loading=lazy></a><figcaption>{caption}</figcaption></figure>\n")
        });
        let path = self.folder.join("index.html");
        keep(&path, format!("{SHEET}{}</main>", figures.collect::<String>()).as_bytes())?;
        Ok(path)
    }

    pub(super) fn count(&self) -> usize {
        self.shots.borrow().len()
    }
}

fn check_width(page: &Page<'_>, name: &str, width: u32) -> Result<(), Failure> {
    if page.script(STICKS_OUT, &json!([]))? == json!(true) {
        return Err(Failure::new(format!("the page `{name}` has to be scrolled sideways at {width} pixels")));
    }
    Ok(())
}

fn keep(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
}

const SHEET: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>The console, view by view</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; background: #e8e8ea; color: #222 }
main { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: start }
figure { margin: 0; background: #fff; padding: .5rem; border-radius: 6px }
.desktop img { width: 640px } .phone img { width: 187px } img { max-height: 900px; object-fit: cover; object-position: top; display: block }
figcaption { padding-top: .5rem; max-width: 640px } .phone figcaption { max-width: 187px }
</style>
<h1>The console, view by view</h1><main>\n";
