//! A headless Chromium, driven over its DevTools pipe: pages, clicks, keys, downloads, and what it complains of.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// Longest wait for one answer; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// One browser with one page.
pub struct Chromium {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Json>,
    session: Option<String>,
    last_id: u64,
    /// Errors, warnings and exceptions of the page, and requests to anything but the file itself.
    pub complaints: Vec<String>,
    folder: tempfile::TempDir,
}

impl Chromium {
    /// A browser; none, said aloud, where `chromium` is not in the path.
    pub fn start() -> Option<Self> {
        let present = Command::new("chromium").arg("--version").output();
        if !present.is_ok_and(|output| output.status.success()) {
            pipe_foundation::test_support::skipped("there is no `chromium` in the path");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // The DevTools pipe is read from descriptor 3 and written to descriptor 4; each message ends with a NUL.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null",
                "sh",
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output
                .read_until(0, &mut message)
                .is_ok_and(|length| length > 0)
            {
                message.pop();
                let Ok(json) = serde_json::from_slice(&message) else {
                    break;
                };
                if sender.send(json).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            session: None,
            last_id: 0,
            complaints: Vec::new(),
            folder,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().map(String::from);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        std::fs::create_dir(browser.downloads()).unwrap();
        let path = browser.downloads();
        browser.call(
            "Browser.setDownloadBehavior",
            json!({"behavior": "allow", "downloadPath": path}),
        );
        Some(browser)
    }

    /// Where saved files go.
    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// Sends a command and waits for its result.
    pub fn call(&mut self, method: &str, parameters: Json) -> Json {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        // What concerns the whole browser goes outside of the page's session.
        if let Some(session) = &self.session
            && !method.starts_with("Browser.")
        {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.as_mut().unwrap().write_all(&bytes).unwrap();
        loop {
            let answer = self.next(&format!("an answer to {method}"));
            if answer["id"] == self.last_id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn next(&mut self, what: &str) -> Json {
        let message = self.messages.recv_timeout(PATIENCE);
        let message = message.unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
        self.note(&message);
        message
    }

    fn note(&mut self, event: &Json) {
        let told = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                matches!(
                    event["params"]["type"].as_str(),
                    Some("error" | "warning" | "assert")
                )
            }
            Some("Log.entryAdded") => true,
            Some("Network.requestWillBeSent") => {
                let address = event["params"]["request"]["url"].as_str().unwrap_or("?");
                !["file:", "data:", "blob:"]
                    .iter()
                    .any(|own| address.starts_with(own))
                    || (address.starts_with("file:") && event["params"]["type"] != "Document")
            }
            _ => false,
        };
        if told {
            self.complaints.push(event["params"].to_string());
        }
    }

    /// Opens a file and waits until it is there.
    pub fn open(&mut self, path: &Path) {
        let address = format!("file://{}", path.display());
        self.call("Page.navigate", json!({"url": address}));
        // An event of the page before may arrive late, so the page itself is asked.
        let there = format!(
            "document.readyState === 'complete' && location.href === {}",
            json!(address)
        );
        let start = Instant::now();
        while self.value(&there) != json!(true) {
            assert!(start.elapsed() < PATIENCE, "{address} was not opened");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Json {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", parameters);
        assert!(
            result.get("exceptionDetails").is_none(),
            "{expression}: {}",
            result["exceptionDetails"]
        );
        result["result"]["value"].clone()
    }

    /// Width and height of the window in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        let parameters = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", parameters);
    }

    /// What the system says it prefers: `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Middle of the first element of a selector, scrolled into view.
    fn place(&mut self, selector: &str) -> (f64, f64) {
        let quoted = json!(selector);
        // Two frames in the same place, so that what is still moving is not aimed at.
        let place = self.value(&format!(
            "(async () => {{ const e = document.querySelector({quoted}); if (!e) return null; \
             const frame = () => new Promise(requestAnimationFrame); \
             for (let last = null, left = 600; left > 0; left--) {{ \
             e.scrollIntoView({{block: 'center', behavior: 'instant'}}); await frame(); \
             const r = e.getBoundingClientRect(); const place = [r.x + r.width / 2, r.y + r.height / 2]; \
             if (last && last[0] === place[0] && last[1] === place[1]) return place; last = place; }} \
             return null; }})()"
        ));
        let number = |index: usize| place[index].as_f64();
        number(0)
            .zip(number(1))
            .unwrap_or_else(|| panic!("there is no {selector} that lies still"))
    }

    /// Clicks on the middle of an element with the mouse.
    pub fn click(&mut self, selector: &str) {
        let (x, y) = self.place(selector);
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let parameters =
                json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", parameters);
        }
    }

    /// Moves the mouse to a place in the window.
    pub fn point_at(&mut self, x: f64, y: f64) {
        self.call(
            "Input.dispatchMouseEvent",
            json!({"type": "mouseMoved", "x": x, "y": y}),
        );
    }

    /// Presses a key of a name such as `Enter` or `ArrowRight`.
    pub fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        let code = match key {
            "Enter" => 13,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            _ => 0,
        };
        for kind in ["keyDown", "keyUp"] {
            let parameters = json!({"type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", parameters);
        }
    }

    /// Clicks on what saves the file `name`, waits for the file and gives its text.
    ///
    /// A browser on a loaded machine may drop a click or a download, so it clicks again, as a reader would.
    pub fn save(&mut self, selector: &str, name: &str) -> String {
        let path = self.downloads().join(name);
        for _ in 0..4 {
            self.click(selector);
            let start = Instant::now();
            while start.elapsed() < PATIENCE / 4 {
                // The file is there before its content is.
                let read = || std::fs::read_to_string(&path).unwrap_or_default();
                let before = read();
                std::thread::sleep(Duration::from_millis(50));
                let after = read();
                if !after.is_empty() && after == before {
                    return after;
                }
            }
        }
        panic!("{name} was not saved after four clicks");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // An end of the pipe ends the browser; it is only killed where it does not.
        self.input = None;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
