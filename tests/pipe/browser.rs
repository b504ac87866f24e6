//! The HTML report in a real browser: no errors, no requests, and everything on it works.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::chromium::Chromium;
use crate::{made_up, page};

const OVERFLOW: &str = include_str!("browser/overflow.js");
const CONTRAST: &str = include_str!("browser/contrast.js");
const STRUCTURE: &str = include_str!("browser/structure.js");
const OPEN_ALL: &str = "for (const one of document.querySelectorAll('details')) one.open = true";

/// What holds for every report, whatever it contains.
pub fn check(browser: &mut Chromium, path: &Path) {
    for (width, height) in [(1400, 900), (400, 800)] {
        browser.resize(width, height);
        browser.prefer("light");
        browser.open(path);
        let name = path.display();
        let empty = json!([]);
        assert_eq!(browser.value(OVERFLOW), empty, "{name} at {width} px");
        browser.value(OPEN_ALL);
        assert_eq!(
            browser.value(OVERFLOW),
            empty,
            "{name} at {width} px, all open"
        );
        assert_eq!(browser.value(STRUCTURE), empty, "{name}");
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            let found = browser.value(CONTRAST);
            assert_eq!(found["weak"], empty, "{name} in {scheme}");
            assert!(found["checked"].as_u64() > Some(10), "{found}");
        }
    }
    assert_eq!(browser.complaints, Vec::<String>::new());
}

fn study_page() -> std::path::PathBuf {
    let (report, study) = made_up::study();
    page::write("browser_study.html", &report.to_html_of(&study))
}

#[test]
fn any_report_opens_fits_and_can_be_read() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    check(&mut browser, &study_page());
    let (report, study) = made_up::hostile();
    let hostile = page::write("browser_hostile.html", &report.to_html_of(&study));
    check(&mut browser, &hostile);
    let alerts = "document.querySelectorAll('img, [onclick], [onerror]').length";
    assert_eq!(browser.value(alerts), 0);
}

/// Text of a column of the first table, from top to bottom.
fn column(browser: &mut Chromium, place: usize) -> Vec<f64> {
    let cells = browser.value(&format!(
        "[...document.querySelector('#answer table').tBodies[0].rows].map(r => r.cells[{place}].dataset.v)"
    ));
    let cells = cells.as_array().unwrap();
    cells
        .iter()
        .map(|cell| cell.as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn tables_sort_by_mouse_and_keyboard() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    browser.resize(1400, 900);
    browser.open(&study_page());
    let before = column(&mut browser, 2);
    assert!(!before.is_sorted_by(|a, b| a >= b));
    let header = "#answer th[data-column='2']";
    browser.click(&format!("{header} button"));
    let down = column(&mut browser, 2);
    assert!(down.is_sorted_by(|a, b| a >= b), "{down:?}");
    let order = format!("document.querySelector(\"{header}\").getAttribute('aria-sort')");
    assert_eq!(browser.value(&order), "descending");
    // The clicked button has the focus.
    browser.press("Enter");
    let up = column(&mut browser, 2);
    assert!(up.is_sorted_by(|a, b| a <= b), "{up:?}");
    assert_eq!(browser.value(&order), "ascending");
    // Chance stays at the end, and the names go with their numbers.
    let last = "document.querySelector('#answer table').tFoot.rows[0].cells[0].textContent";
    assert_eq!(browser.value(last), "chance");
    browser.click("#answer th[data-column='0'] button");
    let names = browser.value(
        "[...document.querySelector('#answer table').tBodies[0].rows].slice(0, 2).map(r => r.cells[0].textContent)",
    );
    assert_eq!(names, json!(["AD C", "AD C+G"]));
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn the_dark_switch_wins_over_the_system_and_is_remembered() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    browser.resize(1400, 900);
    browser.prefer("light");
    browser.open(&study_page());
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(ground);
    browser.click(".theme label:nth-of-type(3)");
    let dark = browser.value(ground);
    assert_ne!(light, dark);
    browser.open(&study_page());
    assert_eq!(browser.value(ground), dark);
    browser.prefer("dark");
    browser.click(".theme label:nth-of-type(2)");
    assert_eq!(browser.value(ground), light);
    browser.click(".theme label:nth-of-type(1)");
    assert_eq!(browser.value(ground), dark);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

/// Colour of the first 40 points of the first map, by what path they lie in.
const COLOURS: &str = "(() => { \
    const paths = [...document.querySelector('.points').children]; \
    const points = JSON.parse(document.getElementById('map-data').textContent).maps[0]; \
    return points.slice(0, 40).map(([x, y]) => { \
        const own = paths.find(path => path.getAttribute('d').includes(`M${x / 10} ${y / 10}h0`)); \
        return getComputedStyle(own).stroke; }); })()";
const NAMES: &str =
    "[...document.querySelectorAll('.maps .legend [data-text]')].map(name => name.textContent)";

#[test]
fn maps_change_colours_and_name_their_points() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    browser.resize(1400, 900);
    browser.prefer("light");
    browser.open(&study_page());
    let by_corpus = browser.value(COLOURS);
    assert_eq!(browser.value(NAMES).as_array().map(Vec::len), Some(8));
    browser.click(".colour input[value='4'] + span");
    let by_emotion = browser.value(COLOURS);
    assert_ne!(by_corpus, by_emotion);
    assert_eq!(
        browser.value(NAMES),
        json!(["negative", "neutral", "positive"])
    );
    let different: std::collections::BTreeSet<String> = by_emotion
        .as_array()
        .unwrap()
        .iter()
        .map(Json::to_string)
        .collect();
    assert_eq!(different.len(), 3);
    // One name of the legend alone: all others lose their colour.
    browser.click(".maps .legend button");
    let dimmed = "document.querySelectorAll('.points[data-map=\"0\"] .dim').length";
    assert_eq!(browser.value(dimmed), 2);
    browser.click(".maps .legend button");
    assert_eq!(browser.value(dimmed), 0);

    // A point under the mouse is named and ringed in every map.
    let place = browser.value(
        "(() => { const svg = document.querySelector('.points').ownerSVGElement; \
         svg.scrollIntoView({block: 'center', behavior: 'instant'}); const box = svg.getBoundingClientRect(); \
         const [x, y, name] = JSON.parse(document.getElementById('map-data').textContent).maps[0][7]; \
         return [box.x + x / 10, box.y + y / 10, name]; })()",
    );
    browser.point_at(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    let label = "document.querySelector('.point:not([hidden])')?.textContent";
    let told = browser.value(label);
    let told = told.as_str().expect("a label");
    assert!(
        told.contains("corpus: ") && told.contains("emotion: "),
        "{told}"
    );
    let rings = "[...document.querySelectorAll('.ring')].filter(ring => ring.getAttribute('cx') !== '-99').length";
    assert!(browser.value(rings).as_u64() >= Some(1));
    // The keyboard goes on from there.
    browser.value("document.querySelector('.points').ownerSVGElement.focus()");
    browser.press("ArrowRight");
    let next = browser.value(label);
    assert_ne!(next.as_str(), Some(told));
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn every_figure_is_saved_as_a_drawing_that_stands_alone() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    browser.resize(1400, 900);
    browser.prefer("light");
    browser.open(&study_page());
    browser.value(OPEN_ALL);
    let names = browser.value(
        "[...document.querySelectorAll('figure:has(svg.chart)')].map(figure => figure.dataset.name)",
    );
    let names: Vec<String> = serde_json::from_value(names).unwrap();
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "{names:?}");
    assert!(names.len() > 10, "{names:?}");
    for wanted in [
        "unweighted-accuracy",
        "gain-over-baseline",
        "validation-ua",
        "probes",
        "maps",
    ] {
        assert!(names.iter().any(|name| name == wanted), "{wanted}");
    }
    for name in &names {
        let button = format!("figure[data-name='{name}'] .save");
        let svg = browser.save(&button, &format!("{name}.svg"));
        assert!(svg.starts_with("<?xml"), "{name}");
        for foreign in ["var(", "class=", "light-dark", "<script", "url("] {
            assert!(!svg.contains(foreign), "{name}: {foreign}");
        }
        let read = browser.value(&format!(
            "(() => {{ const read = new DOMParser().parseFromString({}, 'image/svg+xml'); \
             const root = read.documentElement; \
             return [root.nodeName, read.querySelectorAll('parsererror').length, read.querySelectorAll('text').length, \
             [...read.querySelectorAll('path, rect, circle')].filter(e => e.getAttribute('fill') || e.getAttribute('stroke')).length]; }})()",
            json!(svg)
        ));
        assert_eq!(read[0], "svg", "{name}");
        assert_eq!(read[1], 0, "{name}");
        assert!(
            read[2].as_u64() > Some(3) && read[3].as_u64() > Some(3),
            "{name}: {read}"
        );
    }
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn without_scripts_the_page_is_whole_and_shows_no_dead_control() {
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    browser.resize(400, 800);
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    browser.open(&study_page());
    let controls =
        "[...document.querySelectorAll('button, input')].filter(e => e.checkVisibility()).length";
    assert_eq!(browser.value(controls), 0);
    let drawn = "document.querySelectorAll('.points path').length";
    assert_eq!(browser.value(drawn), 24);
    assert_eq!(browser.value(OVERFLOW), json!([]));
    let rows = "document.querySelector('#answer table').tBodies[0].rows.length";
    assert_eq!(browser.value(rows), 46);
}
