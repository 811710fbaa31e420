//! What a new password must be, P1 to P6 of what must hold; and what is said of it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use auth_domain::credential::{accept, strength};
use auth_domain::model::{
    ContextWord, EmailAddress, Password, PasswordContext, PasswordDigest, PasswordPolicy, PasswordRefused,
    PasswordTooLong,
};
use auth_domain::ports::{Breach, BreachCheck};

const NOBODY: PasswordContext<'_> = PasswordContext { email: None, display_name: None };

fn refused(typed: &str) -> Option<PasswordRefused> {
    PasswordPolicy::default().check(typed, &NOBODY).err()
}

/// As short as a policy may allow.
fn refused_at_eight(typed: &str) -> Option<PasswordRefused> {
    PasswordPolicy::new(8).check(typed, &NOBODY).err()
}

/// More than 1024 bytes that are neither repeated nor a run.
fn numbers() -> String {
    let numbers: Vec<String> = (0..400).map(|n: u32| n.to_string()).collect();
    numbers.join(" ")
}

#[test]
fn p1_fifteen_characters_are_needed_by_default() {
    assert_eq!(refused("nine lives cat"), Some(PasswordRefused::TooShort { length: 14, min: 15 }));
    assert_eq!(refused("nine lives cats"), None);
}

#[test]
fn p1_no_policy_goes_below_eight() {
    let policy = PasswordPolicy::new(1);
    assert_eq!(policy.check("x7kq2p9", &NOBODY).err(), Some(PasswordRefused::TooShort { length: 7, min: 8 }));
    assert!(policy.check("x7kq2p9v", &NOBODY).is_ok());
}

#[test]
fn p2_length_is_counted_in_code_points_and_64_are_allowed() {
    let words = "\u{be44}\u{bc00}\u{bc88}\u{d638}\u{b294} \u{ae38}\u{c5b4}\u{c57c} \u{d55c}\u{b2e4}";
    assert_eq!(refused(words), Some(PasswordRefused::TooShort { length: 12, min: 15 }));
    assert_eq!(refused(&format!("{words} \u{aca9}\u{d30c}")), None);
    let sixty_four = "sixty four characters are a sentence, and a sentence is allowed.";
    assert_eq!((sixty_four.len(), refused(sixty_four)), (64, None));
}

#[test]
fn p2_more_than_1024_bytes_are_refused() {
    let long = numbers();
    assert_eq!(refused(long.get(..1024).unwrap()), None);
    assert_eq!(refused(long.get(..1025).unwrap()), Some(PasswordTooLong.into()));
}

#[test]
fn p3_no_kind_of_character_is_asked_for() {
    for typed in [
        "onlysmallletterswithoutmeaning",
        "ONLYCAPITALSWITHOUTMEANING",
        "8105629437718264",
        "    four spaces and four words    ",
        "\u{1f980}\u{1f4da}\u{1f30a}\u{1f3ba}\u{1f9ed}\u{1f9f6}\u{1f345}\u{1fa81}\u{1f3d4}\u{1f6f6}\u{1f98a}\u{1f56f}\u{1f9ca}\u{1f95d}\u{1fab5}",
        "#!&$%(*^@)~{}|<>?",
    ] {
        assert_eq!(refused(typed), None, "{typed}");
    }
}

#[test]
fn p4_a_common_password_is_refused_in_any_case() {
    for typed in ["momsanaladventure", "PerAsperaAdAstra", "hd764nw5d7e1vb1", "passwordstandard"] {
        let found = refused(typed);
        assert!(matches!(found, Some(PasswordRefused::Common)), "{typed}: {found:?}");
    }
    for typed in ["password", "iloveyou", "Sunshine", "baseball", "trustno1"] {
        assert_eq!(refused_at_eight(typed), Some(PasswordRefused::Common), "{typed}");
    }
}

#[test]
fn p4_only_the_whole_password_is_looked_up() {
    for typed in ["password is a silly word", "my sunshine at the lake", "baseball and seventeen dragons"] {
        assert_eq!(refused(typed), None, "{typed}");
    }
}

#[test]
fn p4_repetitions_are_refused_unless_what_is_repeated_could_be_a_password() {
    for typed in [
        "aaaaaaaaaaaaaaa",
        "                ",
        "k2vk2vk2vk2vk2vk2v",
        "x7Kq2p9x7Kq2p9x7Kq2p9",
        "\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}",
    ] {
        let found = refused(typed);
        assert!(matches!(found, Some(PasswordRefused::Repetitive)), "{typed}: {found:?}");
    }
    for typed in ["Sunshine1Sunshine1", "baseballBASEBALLbase", "iloveyouiloveyou"] {
        assert_eq!(refused(typed), Some(PasswordRefused::Common), "{typed}");
    }
    assert_eq!(refused("gw4!tz-8mqgw4!tz-8mq"), None);
}

#[test]
fn p4_runs_along_the_keyboard_are_refused() {
    for typed in [
        "zyxwvutsrqponmlk",
        "asdfghjkl;'zxcvbnm",
        "qwertzuiopyxcvbnm!",
        "0987654321 12345",
        "1qaz2wsx3edc4rfv",
        "lkjhgfdsa0987654321",
    ] {
        assert_eq!(refused(typed), Some(PasswordRefused::Sequential), "{typed}");
    }
}

#[test]
fn p4_a_password_that_is_mostly_the_address_the_name_or_the_product_is_refused() {
    let email = EmailAddress::parse("Eleonora.Brandt@physics.example").unwrap();
    let context = PasswordContext { email: Some(&email), display_name: Some("Nora Schwarzenegger") };
    let policy = PasswordPolicy::default().with_product(["Jeton", "id.harbour-works.example"]);
    let check = |typed: &str, expected: Option<ContextWord>| {
        let found = policy.check(typed, &context).err();
        assert_eq!(found, expected.map(PasswordRefused::Personal), "{typed}");
    };
    check("eleonora.brandt@physics.example", Some(ContextWord::EmailAddress));
    check("Eleonora.Brandt", Some(ContextWord::EmailAddress));
    check("ELEONORABRANDT2024", Some(ContextWord::EmailAddress));
    check("brandt-eleonora-99", Some(ContextWord::EmailAddress));
    check("Nora Schwarzenegger", Some(ContextWord::DisplayName));
    check("schwarzenegger!123", Some(ContextWord::DisplayName));
    check("harbour-works-2026", Some(ContextWord::Product));
    check("jeton jeton 2026", Some(ContextWord::Product));
    check("nora keeps eleven quiet lamps", None);
    check("physics of jeton in deep water", None);
}

#[test]
fn p4_every_reason_says_what_to_do() {
    for (reason, advice) in [
        (refused("short"), "at least 15 are needed"),
        (refused("momsanaladventure"), "few words"),
        (refused("aaaaaaaaaaaaaaa"), "repeats the same few characters"),
        (refused("zyxwvutsrqponmlk"), "alphabet"),
        (Some(PasswordRefused::Personal(ContextWord::Product)), "the name of this service"),
        (Some(PasswordRefused::Breached { times: 3 }), "wherever else"),
    ] {
        let text = reason.unwrap().to_string();
        assert!(text.contains(advice), "{text}");
    }
}

#[test]
fn p4_the_longest_password_is_judged_quickly() {
    let email = EmailAddress::parse("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com").unwrap();
    let context = PasswordContext { email: Some(&email), display_name: Some("aaaa") };
    let started = Instant::now();
    for typed in ["a".repeat(1024), format!("{}b", "a".repeat(1023)), "ab".repeat(512), "q1w2".repeat(256)] {
        let _ = PasswordPolicy::default().check(&typed, &context);
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn p5_two_long_passwords_that_differ_in_the_last_character_are_two() {
    let long = numbers();
    let (one, other) = (format!("{}1", long.get(..1023).unwrap()), format!("{}2", long.get(..1023).unwrap()));
    let policy = PasswordPolicy::default();
    let (one, other) = (policy.check(&one, &NOBODY).unwrap(), policy.check(&other, &NOBODY).unwrap());
    assert_ne!(one.expose(), other.expose());
}

#[test]
fn p6_the_rules_see_the_normal_form() {
    let decomposed = "e\u{301}".repeat(15);
    assert_eq!(refused(&decomposed), Some(PasswordRefused::Repetitive));
    assert_eq!(refused("cafe\u{301} au lait pl"), None, "15 code points after composition");
    assert_eq!(refused("cafe\u{301} au lait p"), Some(PasswordRefused::TooShort { length: 14, min: 15 }));
}

#[test]
fn strength_is_an_estimate_with_advice() {
    let policy = PasswordPolicy::default().with_product(["Jeton"]);
    let email = EmailAddress::parse("alice.wonder@example.com").unwrap();
    let context = PasswordContext { email: Some(&email), display_name: Some("Alice Wonder") };
    let of = |typed: &str| strength(&Password::new(typed).unwrap(), &policy, &context);
    let weak = of("password1234567");
    assert!(weak.score <= 2 && weak.warning.is_some() && !weak.suggestions.is_empty(), "{weak:?}");
    let strong = of("correct horse battery staple");
    assert!(strong.score == 4 && strong.guesses_log10 > 12.0 && strong.suggestions.is_empty(), "{strong:?}");
    assert!(of("alice.wonder").score == 0 && of("").score == 0);
    assert!(of("").guesses_log10.abs() < f64::EPSILON);
}

#[test]
fn strength_is_estimated_in_bounded_time() {
    let context = PasswordContext { email: None, display_name: Some(&"x".repeat(100)) };
    let started = Instant::now();
    for typed in ["a".repeat(1024), "1!".repeat(512), "4@8({[<369&#!1/|0$5+7%2".repeat(40), "qwerty2001".repeat(100)] {
        let password = Password::new(&typed).unwrap();
        assert!(strength(&password, &PasswordPolicy::default(), &context).score <= 4);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// Answers one thing, and keeps the prefixes that it was told.
struct Answers(Breach, Mutex<Vec<String>>);

#[async_trait]
impl BreachCheck for Answers {
    async fn look_up(&self, password: &PasswordDigest) -> Breach {
        self.1.lock().unwrap().push(password.prefix().to_owned());
        self.0.clone()
    }
}

async fn accepted(answer: Breach, typed: &str) -> (Option<PasswordRefused>, Vec<String>) {
    let check = Answers(answer, Mutex::default());
    let refused = accept(&PasswordPolicy::default(), Some(&check), typed, &NOBODY).await.err();
    (refused, check.1.into_inner().unwrap())
}

#[tokio::test]
async fn p4_a_password_that_was_stolen_is_refused_with_how_often() {
    let (refused, told) = accepted(Breach::Breached { times: 37 }, "correct horse battery staple").await;
    assert_eq!(refused, Some(PasswordRefused::Breached { times: 37 }));
    assert_eq!(told, ["ABF7A"], "five digits of its SHA-1, by sha1sum");
}

#[tokio::test]
async fn a_breach_check_that_gives_no_answer_hinders_nobody() {
    let unavailable = Breach::Unavailable("connection refused".to_owned());
    assert_eq!(accepted(unavailable, "correct horse battery staple").await.0, None);
    assert_eq!(accepted(Breach::NotFound, "correct horse battery staple").await.0, None);
}

#[tokio::test]
async fn what_the_policy_refuses_is_told_to_nobody() {
    let (refused, told) = accepted(Breach::NotFound, "aaaaaaaaaaaaaaa").await;
    assert_eq!((refused, told), (Some(PasswordRefused::Repetitive), Vec::new()));
}
