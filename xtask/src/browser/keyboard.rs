//! The console by keyboard alone: everything is reached by Tab with a visible focus, and used by Enter, Space and Escape.

use serde_json::{Value, json};

use super::driver::Looks;
use super::page::Page;
use super::people::{is_in, is_out};
use super::stage::{PASSWORD, Stage, check};
use crate::run::Failure;

const EMAIL: &str = "kay@example.com";
const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const SPACE: &str = " ";
const ESCAPE: &str = "\u{E00C}";
const DOWN: &str = "\u{E015}";
/// No page has so many controls that this many presses of Tab would not go around it.
const MOST: usize = 160;

/// Begins anew at the top of the page, and knows what is to be reached: all that can be pressed, chosen or typed into.
const BEGIN: &str = "
    document.activeElement?.blur();
    getSelection().removeAllRanges();
    const part = document.querySelector('dialog:modal') ?? document.body;
    const all = part.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]');
    const visible = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
    window.toReach = new Set([...all].filter((one) => visible(one) && !one.disabled));
    return window.toReach.size;";
/// Where the focus is, whether it shows, and what was not reached yet.
const LOOK: &str = "
    const here = document.activeElement;
    if (!here || here === document.body) return { name: '', shows: true, left: [] };
    window.toReach?.delete(here);
    const called = (one) => one.id || one.labels?.[0]?.textContent || one.textContent.trim() || one.tagName;
    const style = getComputedStyle(here);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    const box = here.getBoundingClientRect();
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
    return { name: called(here), text: here.textContent.trim() || here.labels?.[0]?.textContent || '',
      shows: here.matches(':focus-visible') && outlined && inside, left: [...window.toReach ?? []].map(called) };";

pub(super) fn play(stage: &Stage) -> Result<(), Failure> {
    stage.visit(Looks::LIGHT, |page| {
        let keys = Keys { page };
        keys.sign_up()?;
        keys.every_view_is_reached()?;
        keys.a_dialog_is_used()?;
        keys.the_workshop_is_used()?;
        keys.a_language_is_chosen()?;
        keys.the_menu_of_a_narrow_page_is_used()
    })
}

struct Keys<'a> {
    page: &'a Page<'a>,
}

/// Where the focus is.
struct Stop {
    /// The element's id, or else what it is called.
    name: String,
    /// What it says.
    text: String,
    /// What was not reached yet.
    left: Vec<String>,
}

impl Keys<'_> {
    fn sign_up(&self) -> Result<(), Failure> {
        self.page.open("/")?;
        self.page.sees("No account yet?")?;
        self.everything_is_reached("sign in")?;
        self.press_at("Sign up", ENTER)?;
        self.page.sees("Have an account already?")?;
        self.everything_is_reached("sign up")?;
        self.type_at("field-email", EMAIL)?;
        self.type_at("field-password", PASSWORD)?;
        // A form is sent from its field.
        self.page.key(ENTER)?;
        is_in(self.page)?;
        check("an account is made by keyboard alone", true)
    }

    fn every_view_is_reached(&self) -> Result<(), Failure> {
        let views = [
            ("Devices", "This device"),
            ("Activity", "Account made"),
            ("Password", "Current password"),
            ("Second factor", "Set up an app"),
            ("Account", "Delete my account"),
            ("Workshop", "The access token that you hold"),
        ];
        for (link, shown) in views {
            self.press_at(link, ENTER)?;
            self.page.sees(shown)?;
            self.everything_is_reached(link)?;
        }
        check("every control of every view is reached by Tab, and its focus shows", true)?;
        self.begin_at_the_top()?;
        self.tab()?;
        self.page.key(ENTER)?;
        let inside = self.page.script("return document.activeElement?.id;", &json!([]))?;
        check("the first Tab offers to skip to the content", inside == "content")
    }

    fn a_dialog_is_used(&self) -> Result<(), Failure> {
        self.press_at("Devices", ENTER)?;
        self.page.sees("This device")?;
        let rename = self.stop_at("Rename")?;
        self.page.key(SPACE)?;
        self.page.sees("Rename the device")?;
        self.everything_is_reached("the dialog that renames a device")?;
        self.page.key(ESCAPE)?;
        self.page.sees_no("Rename the device")?;
        check("Escape closes a dialog, and the focus is where it was", self.look()?.name == rename.name)?;
        self.page.key(SPACE)?;
        self.type_at("field-device_name", "Keyboard")?;
        self.page.key(ENTER)?;
        self.page.sees("The device has its new name.")?;
        check("a device is renamed by keyboard alone", true)
    }

    fn the_workshop_is_used(&self) -> Result<(), Failure> {
        self.press_at("Workshop", ENTER)?;
        self.page.sees("The access token that you hold")?;
        self.press_at("bend", SPACE)?;
        self.page.sees("of the Payload is changed:")?;
        self.press_at("bend-verify", ENTER)?;
        self.page.sees("refused, 401 invalid_token.")?;
        self.type_at("field-practice_password", PASSWORD)?;
        self.page.key(ENTER)?;
        self.page.sees("Signed in: the session begins with T0")?;
        self.press_at("practice-refresh", ENTER)?;
        self.page.sees("T0 was presented: T1")?;
        self.press_at("practice-tabs", SPACE)?;
        self.page.sees("10 answers, one successor.")?;
        self.everything_is_reached("the workshop")?;
        self.press_at("practice-replay", ENTER)?;
        self.page.sees("The replay was caught, and the session is ended.")?;
        check("the workshop is used by keyboard alone", true)
    }

    fn a_language_is_chosen(&self) -> Result<(), Failure> {
        self.stop_at("language")?;
        self.page.key(DOWN)?;
        self.page.until("Korean", || Ok(self.page.text()?.contains("작업실").then_some(())))?;
        check("the language is chosen by keyboard alone, and keeps the focus", self.look()?.name == "language")?;
        self.page.key("\u{E013}")?;
        self.page.sees("Workshop")
    }

    fn the_menu_of_a_narrow_page_is_used(&self) -> Result<(), Failure> {
        self.page.resize(375, 812)?;
        self.press_at("menu", ENTER)?;
        self.press_at("Activity", ENTER)?;
        self.page.sees("What happened to your account.")?;
        check("the menu of a narrow page is used by keyboard alone", true)?;
        self.everything_is_reached("activity on a phone")?;
        self.press_at("sign-out", SPACE)?;
        is_out(self.page)?;
        check("and so is signing out", true)
    }

    fn begin_at_the_top(&self) -> Result<u64, Failure> {
        Ok(self.page.script(BEGIN, &json!([]))?.as_u64().unwrap_or_default())
    }

    /// Goes once around the page by Tab.
    fn everything_is_reached(&self, what: &str) -> Result<(), Failure> {
        if self.begin_at_the_top()? == 0 {
            return Err(Failure::new(format!("{what}: nothing is to be reached")));
        }
        let mut left = Vec::new();
        for _ in 0..MOST {
            left = self.tab()?.left;
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(Failure::new(format!("{what}: not reached by Tab: {}", left.join(", "))))
    }

    /// Presses a key where the focus is, after going there.
    fn press_at(&self, wanted: &str, key: &str) -> Result<(), Failure> {
        self.stop_at(wanted)?;
        self.page.key(key)
    }

    fn type_at(&self, wanted: &str, text: &str) -> Result<(), Failure> {
        self.stop_at(wanted)?;
        self.page.type_keys(text)
    }

    /// Goes on by Tab to what has this id or says this.
    fn stop_at(&self, wanted: &str) -> Result<Stop, Failure> {
        let mut passed = Vec::new();
        for _ in 0..MOST {
            let stop = self.tab()?;
            if stop.name == wanted || stop.text == wanted {
                return Ok(stop);
            }
            passed.push(stop.name);
        }
        Err(Failure::new(format!("Tab does not lead to “{wanted}”, but to {}", passed.join(", "))))
    }

    fn tab(&self) -> Result<Stop, Failure> {
        self.page.key(TAB)?;
        self.look()
    }

    fn look(&self) -> Result<Stop, Failure> {
        let seen = self.page.script(LOOK, &json!([]))?;
        let said = |name: &str| seen.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = said("name");
        if seen.get("shows") != Some(&json!(true)) {
            return Err(Failure::new(format!("the focus is on “{name}”, and does not show")));
        }
        let left = seen.get("left").and_then(Value::as_array).cloned().unwrap_or_default();
        let left = left.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Stop { name, text: said("text"), left })
    }
}
