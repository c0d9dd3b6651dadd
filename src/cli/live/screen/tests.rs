//! Sessions of a developer as inputs, and what stands on the screen then.

use std::time::Duration;

use expect_test::Expect;
use expect_test::expect;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::model::Build;
use super::model::Head;
use super::model::Input;
use super::model::Key;
use super::model::Link;
use super::model::Model;
use super::model::Moment;
use super::model::Panel;
use super::model::Wish;
use super::view;
use crate::cli::live::phases::Times;
use crate::event::Event;
use crate::event::OverlayState;
use crate::event::OverlayWhy;
use crate::event::PlannedBuild;

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn at(number: u64) -> Moment {
    Moment { elapsed: ms(number), told: format!("14:02:{:02}", number / 1000) }
}

fn object(name: &str, state: OverlayState) -> Input {
    told(name, state, None, None)
}

fn told(name: &str, state: OverlayState, percent: Option<u8>, message: Option<&str>) -> Input {
    Input::Happened(Event::Overlay {
        database: "app__alice".to_owned(),
        object: format!("app.{name}"),
        state,
        percent,
        message: message.map(str::to_owned),
    })
}

fn times() -> Times {
    Times {
        settle: ms(71),
        compile: Some(ms(3)),
        build: Some(ms(40)),
        hydrate: Some(ms(196)),
        test: None,
        ready: Some(ms(310)),
    }
}

fn done() -> Input {
    Input::Ended(Build::Done { rebuilt: 2, unchanged: 9, dropped: 0, tested: None, times: times() })
}

fn failed(lines: &[&str]) -> Input {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Input::Ended(Build::Failed { lines, error: Box::default(), times: times() })
}

fn model() -> Model {
    Model::new(Head {
        overlay: "app__alice".to_owned(),
        cluster: "dev".to_owned(),
        target: "prod-eu (mz.example.com)".to_owned(),
        removal: "mzflow dev dev --down --name alice".to_owned(),
    })
}

/// A first build of three objects, of which one fails.
fn built() -> Model {
    let mut model = model();
    let steps = [
        (0, Input::Begun),
        (20, object("core.winning_bids", OverlayState::Building)),
        (30, object("serve.item_totals", OverlayState::Building)),
        (300, object("core.winning_bids", OverlayState::Ready)),
        (310, object("serve.item_totals", OverlayState::Ready)),
        (310, done()),
        (7_000, Input::Saved),
        (7_070, Input::Begun),
        (7_080, object("core.winning_bids", OverlayState::Building)),
        (7_370, object("core.winning_bids", OverlayState::Ready)),
        (7_380, told("serve.item_totals", OverlayState::Hydrating, Some(62), None)),
        (
            7_390,
            told(
                "serve.top_sellers",
                OverlayState::Failed,
                None,
                Some("line 6: column \"seler\" does not exist"),
            ),
        ),
        (7_500, Input::Counted("app.core.winning_bids".to_owned(), 1204)),
    ];
    for (time, input) in steps {
        assert_eq!(model.step(&at(time), input), None);
    }
    model
}

fn screen(model: &Model, now: u64, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    let drawn = terminal.draw(|frame| {
        let area = frame.area();
        view::draw(model, ms(now), true, area, frame.buffer_mut());
    });
    drawn.expect("it draws");
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let cells = (0..width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(model: &Model, now: u64, size: (u16, u16), expect: Expect) {
    expect.assert_eq(&screen(model, now, size));
}

#[test]
fn before_anything_was_built() {
    let mut model = model();
    model.step(&at(0), Input::Begun);
    check(
        &model,
        40,
        (100, 8),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)         nothing saved yet
        ────────────────────────────────────────────────────────────────────────────────────────────────────
           the first build is under way


        ────────────────────────────────────────────────────────────────────────────────────────────────────
         building, 40 ms
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn a_build_under_way() {
    check(
        &built(),
        7_880,
        (150, 10),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)                                                              saved 14:02:07
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ◐ hydrating   810 ms  62 %
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist



        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         building, 810 ms                                                                                  d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
    check(
        &built(),
        7_880,
        (80, 10),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu         saved 14:02:07
        ────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ◐ hydrating   810 ms  62 %
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist


        ────────────────────────────────────────────────────────────────────────────────
         building, 810 ms
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn one_that_fails_says_why_and_keeps_the_last_good_one() {
    let mut model = built();
    let kept = told("serve.item_totals", OverlayState::Kept, None, Some("column \"x\" does not exist"));
    model.step(&at(8_000), kept);
    let lines =
        ["error: the server refused app.serve.item_totals   [overlay.rejected]", "", "   5 │ SELECT x"];
    model.step(&at(8_000), failed(&lines));
    check(
        &model,
        8_000,
        (110, 14),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)                      saved 14:02:07
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ✗ failed     column "x" does not exist  (last good from 14:02:00 stays)
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist



         error: the server refused app.serve.item_totals   [overlay.rejected]

            5 │ SELECT x
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
         failed after 310 ms · settle 71 ms · compile 3 ms · build 40 ms · hydrate 196 ms
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn what_was_under_way_when_a_build_stopped_is_not_ready() {
    let mut model = built();
    model.step(&at(8_000), Input::Ended(Build::Stopped));
    check(
        &model,
        8_000,
        (90, 9),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)  saved 14:02:07
        ──────────────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ○ stopped    (last good from 14:02:00 stays)
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist

        ──────────────────────────────────────────────────────────────────────────────────────────
         stopped; the last good versions stay
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn keys_choose_and_ask() {
    let mut model = built();
    let mut press = |key| model.step(&at(8_000), Input::Key(key));
    assert_eq!(press(Key::Diff), Some(Wish::Compare("app.core.winning_bids".to_owned())));
    assert_eq!(press(Key::Down), None);
    assert_eq!(press(Key::Rows), Some(Wish::Preview("app.serve.item_totals".to_owned())));
    assert_eq!(press(Key::Last), None);
    assert_eq!(press(Key::Down), None);
    assert_eq!(press(Key::Rows), Some(Wish::Preview("app.serve.top_sellers".to_owned())));
    assert_eq!((press(Key::First), press(Key::Up)), (None, None));
    assert_eq!(press(Key::Rows), Some(Wish::Preview("app.core.winning_bids".to_owned())));
    assert_eq!(press(Key::Rebuild), Some(Wish::Rebuild));
    assert_eq!(press(Key::Tests), Some(Wish::Test));
    assert_eq!(press(Key::Quit), Some(Wish::Quit));
    assert_eq!(Model::new(Head::default()).step(&at(0), Input::Key(Key::Diff)), None);
}

#[test]
fn a_difference_stands_below_the_objects() {
    let mut model = built();
    model.step(&at(8_000), Input::Key(Key::Diff));
    let name = "app.core.winning_bids".to_owned();
    let lines = ["+ id 7, amount 12", "- id 8, amount 3", "~ id 9, amount 1 -> 2"].map(str::to_owned);
    let told = "+12 −0 ~3 against production".to_owned();
    model.step(&at(8_100), Input::Compared(name, told, lines.into()));
    check(
        &model,
        8_100,
        (110, 14),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)                      saved 14:02:07
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows  +12 −0 ~3 against production
           serve.item_totals  ◐ hydrating    1.0 s  62 %
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist


         app.core.winning_bids against production
         + id 7, amount 12
         - id 8, amount 3
         ~ id 9, amount 1 -> 2
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
         building, 1.0 s
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
    model.step(&at(8_100), Input::Key(Key::Back));
    assert_eq!(model.panel, Panel::None);
}

/// What was asked for before hides nothing of it; who reads the help goes on reading.
#[test]
fn a_build_that_fails_closes_what_is_open() {
    let lines = || vec!["+ id 7".to_owned()];
    let name = "app.core.winning_bids".to_owned();
    for (key, answer) in [
        (Key::Diff, Input::Compared(name.clone(), "+1 −0".to_owned(), lines())),
        (Key::Rows, Input::Answered(Wish::Preview(name), "rows".to_owned(), lines())),
        (Key::Tests, Input::Answered(Wish::Test, "1 test passed".to_owned(), lines())),
    ] {
        let mut model = built();
        model.step(&at(8_000), Input::Key(key));
        let mut waiting = model.clone();
        model.step(&at(8_100), answer.clone());
        assert!(screen(&model, 8_100, (110, 14)).contains("+ id 7"), "{key:?}");
        model.step(&at(9_000), Input::Begun);
        assert!(screen(&model, 9_000, (110, 14)).contains("+ id 7"), "{key:?}");
        for model in [&mut model, &mut waiting] {
            model.step(&at(9_100), failed(&["error: no such column", "   5 │ SELECT x"]));
            // An answer that is late does not come before it, either.
            model.step(&at(9_200), answer.clone());
            let seen = screen(model, 9_200, (110, 14));
            assert!(seen.contains("error: no such column") && seen.contains("5 │ SELECT x"), "{seen}");
            assert!(!seen.contains("+ id 7"), "{seen}");
        }
    }
    let mut model = built();
    model.step(&at(8_000), Input::Key(Key::Help));
    model.step(&at(8_100), failed(&["error: no such column"]));
    assert_eq!(model.panel, Panel::Help);
    model.step(&at(8_200), Input::Key(Key::Back));
    assert!(screen(&model, 8_200, (110, 14)).contains("error: no such column"));
}

/// On a narrow screen it is folded, so that all of it can be read.
#[test]
fn help_tells_the_whole_command_that_removes_the_overlay() {
    let mut model = built();
    let removal = "mzflow dev dev --down --name alice --url postgres://me@mz.example.com:6875";
    model.head.removal = removal.to_owned();
    model.step(&at(8_000), Input::Key(Key::Help));
    assert!(screen(&model, 8_000, (120, 30)).contains(removal));
    let seen = screen(&model, 8_000, (80, 30));
    assert!(seen.contains("\n               mzflow dev dev --down --name alice --url\n"), "{seen}");
    assert!(seen.contains("\n               postgres://me@mz.example.com:6875\n"), "{seen}");
}

#[test]
fn when_files_were_saved_is_seen_beside_a_long_target() {
    let told = |target: &str, width: u16| {
        let mut model = built();
        model.head.target = target.to_owned();
        let seen = screen(&model, 8_000, (width, 14));
        seen.lines().next().unwrap_or_default().to_owned()
    };
    let sandbox = "sandbox (embedded, .mzflow/sandbox) · use --url or profiles.toml for a real Materialize";
    let whole = told(sandbox, 160);
    assert!(whole.contains(sandbox) && whole.ends_with("saved 14:02:07"), "{whole}");
    for width in [101, 110] {
        let seen = told(sandbox, width);
        assert!(seen.contains("target sandbox (embedded, .mzflow/sandbox)  "), "{seen}");
        assert!(seen.ends_with("  saved 14:02:07"), "{seen}");
    }
    let seen = told(sandbox, 100);
    assert!(seen.contains("target sandbox  ") && seen.ends_with("  saved 14:02:07"), "{seen}");
    let seen = told("mz.example.com:6875 as somebody", 80);
    assert!(seen.contains("target mz.example.co…  saved 14:02:07"), "{seen}");
    // There is no room for both: where somebody works is more important.
    assert!(told("prod-eu (mz.example.com)", 65).ends_with("target prod-eu"));
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_stays_away() {
    let rows = || Wish::Preview("app.core.winning_bids".to_owned());
    let answer = || Input::Answered(rows(), "rows".to_owned(), vec!["1".to_owned()]);
    let mut model = built();
    model.step(&at(8_000), Input::Key(Key::Rows));
    assert_eq!(model.awaited(), Some(&rows()));
    model.step(&at(8_000), Input::Key(Key::Back));
    model.step(&at(8_100), answer());
    assert_eq!(model.panel, Panel::None);
    // Of two that were asked for, the later one is waited for.
    model.step(&at(8_100), Input::Key(Key::Rows));
    model.step(&at(8_100), Input::Key(Key::Down));
    model.step(&at(8_100), Input::Key(Key::Diff));
    model.step(&at(8_100), answer());
    assert_eq!(model.awaited(), Some(&Wish::Compare("app.serve.item_totals".to_owned())));
    model.step(&at(8_200), Input::Key(Key::Up));
    model.step(&at(8_200), Input::Key(Key::Rows));
    model.step(&at(8_200), answer());
    assert!(matches!(&model.panel, Panel::Lines { title, .. } if title == "rows"));
}

/// What a build that was stopped or has failed early did not come to stays as it was.
#[test]
fn who_is_not_told_of_in_a_build_is_not_in_the_overlay() {
    let names = |model: &Model| model.rows.keys().cloned().collect::<Vec<_>>().join(" ");
    let overlay_done = || {
        let databases = vec!["app__alice".to_owned()];
        Input::Happened(Event::OverlayDone {
            databases,
            rebuilt: 0,
            unchanged: 1,
            dropped: 0,
            failed: 0,
            took: ms(9),
        })
    };
    let mut model = built();
    model.step(&at(8_000), overlay_done());
    model.step(&at(8_000), failed(&["error: one"]));
    assert_eq!(names(&model), "app.core.winning_bids app.serve.item_totals app.serve.top_sellers");
    model.step(&at(9_000), Input::Begun);
    model.step(&at(9_000), failed(&["error: it does not compile"]));
    assert_eq!(names(&model), "app.core.winning_bids app.serve.item_totals app.serve.top_sellers");
    model.step(&at(9_000), Input::Key(Key::Last));
    model.step(&at(9_500), Input::Begun);
    // The file of one that never stood is saved as production has it.
    model.step(&at(9_500), object("serve.top_sellers", OverlayState::Compiling));
    model.step(&at(9_500), object("serve.item_totals", OverlayState::Unchanged));
    model.step(&at(9_500), overlay_done());
    model.step(&at(9_500), done());
    assert_eq!(names(&model), "app.serve.item_totals");
    assert_eq!(model.chosen.as_deref(), Some("app.serve.item_totals"));
}

#[test]
fn what_is_too_long_for_the_screen_is_scrolled() {
    let mut model = built();
    let lines: Vec<String> = (1..=30).map(|number| format!("line {number} of the failure")).collect();
    model.step(&at(8_000), failed(&lines.iter().map(String::as_str).collect::<Vec<_>>()));
    model.step(&at(8_000), Input::Notice("and a notice".to_owned()));
    let seen = screen(&model, 8_000, (60, 14));
    assert!(seen.contains("line 1 of") && seen.contains("… 26 more (pgdn)"), "{seen}");
    for _ in 0..3 {
        model.step(&at(8_000), Input::Key(Key::PageDown));
    }
    let seen = screen(&model, 8_000, (60, 14));
    assert!(seen.contains("and a notice") && !seen.contains("line 30 of"), "{seen}");
    model.step(&at(8_000), Input::Key(Key::PageUp));
    let seen = screen(&model, 8_000, (60, 14));
    assert!(seen.contains("line 21 of") && !seen.contains("line 20 of"), "{seen}");
}

/// A process that has just begun knows from the overlay's record what stands.
#[test]
fn what_stood_before_the_process_began_is_told_from_what_never_did() {
    let mut model = model();
    let build = |object: &str, stands| PlannedBuild {
        object: format!("app.core.{object}"),
        why: OverlayWhy::Edited,
        stands,
    };
    let builds = vec![build("known", true), build("fresh", false)];
    model.step(&at(0), Input::Begun);
    model.step(&at(0), Input::Happened(Event::OverlayPlanned { builds, removed: Vec::new() }));
    model.step(&at(0), object("core.known", OverlayState::Building));
    model.step(&at(0), object("core.fresh", OverlayState::Building));
    let mut failing = model.clone();
    model.step(&at(0), Input::Ended(Build::Stopped));
    let states = |model: &Model| model.rows.values().map(|row| row.state).collect::<Vec<_>>();
    assert_eq!(states(&model), [OverlayState::Failed, OverlayState::Kept]);
    failing.step(&at(0), told("core.known", OverlayState::Kept, None, Some("no such column")));
    failing.step(&at(0), told("core.fresh", OverlayState::Failed, None, Some("no such column")));
    failing.step(&at(0), failed(&["error"]));
    check(
        &failing,
        0,
        (90, 8),
        expect![[r#"
             mzflow dev · app__alice on cluster dev · target prod-eu                nothing saved yet
            ──────────────────────────────────────────────────────────────────────────────────────────
               core.fresh  ✗ failed     no such column
             ▸ core.known  ✗ failed     no such column  (last good version stays)
             error
            ──────────────────────────────────────────────────────────────────────────────────────────
             failed after 310 ms · settle 71 ms · compile 3 ms · build 40 ms · hydrate 196 ms
             d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn another_environment_has_other_objects() {
    let mut model = built();
    model.step(&at(8_000), Input::Key(Key::Diff));
    model.step(&at(8_000), Input::Elsewhere("prod-us (mz.example.org)".to_owned()));
    assert!(model.rows.is_empty() && model.panel == Panel::None);
    assert!(screen(&model, 8_000, (100, 8)).contains("target prod-us (mz.example.org)"));
}

#[test]
fn help_and_a_lost_connection() {
    let mut model = built();
    model.step(&at(8_000), done());
    model.step(&at(8_000), Input::Key(Key::Help));
    check(
        &model,
        8_000,
        (90, 20),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)  saved 14:02:07
        ──────────────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ✗ failed     (last good from 14:02:00 stays)
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist
         keys
           ↑ ↓  k j    choose an object
           d           compare its rows with production; the server computes it
           enter       show some of its rows
           r           build once more
           t           run the unit tests of what the overlay holds
           pgup pgdn   scroll what is shown
           esc         close what is shown
           ?           this help
           q           quit; the overlay stays, until this removes it:
                       mzflow dev dev --down --name alice
        ──────────────────────────────────────────────────────────────────────────────────────────
         save → ready 310 ms · 2 rebuilt, 9 unchanged · settle 71 ms · compile 3 ms · build 40 ms
         hydrate 196 ms
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
    model.step(&at(8_000), Input::Key(Key::Help));
    let why = "the connection is lost; trying again in 2.0 s".to_owned();
    model.step(&at(9_000), Input::Link(Link::Down { why }));
    check(
        &model,
        9_000,
        (90, 10),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu (mz.example.com)   no connection
        ──────────────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ✗ failed     (last good from 14:02:00 stays)
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist

         the connection is lost; trying again in 2.0 s
        ──────────────────────────────────────────────────────────────────────────────────────────
         save → ready 310 ms · 2 rebuilt, 9 unchanged · settle 71 ms · compile 3 ms · build 40 ms
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn what_is_dropped_goes_when_the_build_is_over() {
    let mut model = built();
    model.step(&at(8_000), object("core.winning_bids", OverlayState::Dropped));
    assert!(model.rows.contains_key("app.core.winning_bids"));
    model.step(&at(8_000), done());
    assert!(!model.rows.contains_key("app.core.winning_bids"));
    assert_eq!(model.chosen.as_deref(), Some("app.serve.item_totals"));
}

#[test]
fn a_narrow_screen_has_lines_for_the_time_of_each_phase() {
    let mut model = built();
    model.step(&at(8_000), done());
    check(
        &model,
        8_000,
        (80, 16),
        expect![[r#"
         mzflow dev · app__alice on cluster dev · target prod-eu         saved 14:02:07
        ────────────────────────────────────────────────────────────────────────────────
         ▸ core.winning_bids  ● ready       300 ms  1,204 rows
           serve.item_totals  ✗ failed     (last good from 14:02:00 stays)
           serve.top_sellers  ✗ failed     line 6: column "seler" does not exist







        ────────────────────────────────────────────────────────────────────────────────
         save → ready 310 ms · 2 rebuilt, 9 unchanged · settle 71 ms · compile 3 ms
         build 40 ms · hydrate 196 ms
         d diff  ⏎ rows  r rebuild  t tests  ? help  q quit"#]],
    );
}

#[test]
fn help_is_scrolled_where_it_does_not_fit() {
    let mut model = built();
    model.step(&at(8_000), done());
    model.step(&at(8_000), Input::Key(Key::Help));
    model.step(&at(8_000), Input::Key(Key::PageDown));
    assert!(screen(&model, 8_000, (80, 12)).contains("mzflow dev dev --down --name alice"));
    model.step(&at(8_000), Input::Key(Key::Help));
    model.step(&at(8_000), Input::Key(Key::Help));
    assert!(screen(&model, 8_000, (80, 12)).contains("choose an object"));
}

/// The chosen object stays in sight, on any screen, and nothing panics.
#[test]
fn any_size_will_do() {
    let mut model = model();
    for number in 0..50 {
        model.step(&at(0), object(&format!("core.v{number:02}"), OverlayState::Ready));
    }
    model.step(&at(0), Input::Key(Key::Last));
    for size in [(1, 1), (10, 2), (20, 5), (40, 6), (80, 7), (200, 60)] {
        let seen = screen(&model, 0, size);
        assert!(size.0 < 20 || seen.contains("core.v49"), "{size:?}\n{seen}");
    }
    model.step(&at(0), Input::Key(Key::Help));
    for size in [(1, 1), (10, 2), (20, 5), (40, 6), (80, 7), (200, 60)] {
        screen(&model, 0, size);
    }
}
