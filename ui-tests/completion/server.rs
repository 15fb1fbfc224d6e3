//! A rust-analyzer that has one file open, spoken to over its standard input and output.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Longer than any answer takes, the build of the macros among them.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the server says when it was asked about a text that has changed meanwhile.
const CONTENT_MODIFIED: i64 = -32801;

pub(crate) struct Server {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    file: String,
    version: u64,
    last_request: u64,
}

impl Server {
    /// Starts the server in the crate `home` and opens `file` with `text`; returns when the server
    /// has built the macros.
    pub(crate) fn start(command: &str, home: &Path, file: &Path, text: &str) -> Result<Self> {
        let mut process = Command::new(command)
            .current_dir(home)
            .env("CARGO_TARGET_DIR", home.join("target"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the server has no pipes".into());
        };
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut server = Self {
            process,
            input,
            messages,
            file: format!("file://{}", file.display()),
            version: 0,
            last_request: 0,
        };
        server.request("initialize", &greeting(home))?;
        server.notify("initialized", &json!({}))?;
        let document =
            json!({ "uri": server.file, "languageId": "rust", "version": 0, "text": text });
        server.notify("textDocument/didOpen", &json!({ "textDocument": document }))?;
        server.settle()?;
        Ok(server)
    }

    /// Changes the whole text.
    pub(crate) fn write(&mut self, text: &str) -> Result<()> {
        self.version += 1;
        let change = json!({
            "textDocument": { "uri": self.file, "version": self.version },
            "contentChanges": [{ "text": text }],
        });
        self.notify("textDocument/didChange", &change)
    }

    /// What is offered at `offset` of `text`, by name.
    pub(crate) fn completions(&mut self, text: &str, offset: usize) -> Result<Vec<String>> {
        let answer = self.ask("textDocument/completion", Some(position(text, offset)))?;
        let items = answer.get("items").unwrap_or(&answer).as_array();
        let name = |label: &str| {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            label.chars().take_while(|c| is_part(*c)).collect()
        };
        let labels = items
            .into_iter()
            .flatten()
            .filter_map(|item| item["label"].as_str());
        Ok(labels.map(name).collect())
    }

    /// The lines of the file, from 0, where the name at `offset` is defined.
    pub(crate) fn definitions(&mut self, text: &str, offset: usize) -> Result<Vec<usize>> {
        let answer = self.ask("textDocument/definition", Some(position(text, offset)))?;
        let targets = answer.as_array().into_iter().flatten();
        let in_file = targets.filter(|target| target["uri"] == self.file);
        Ok(in_file.filter_map(start_line).collect())
    }

    /// What is shown for the name at `offset`.
    pub(crate) fn hover(&mut self, text: &str, offset: usize) -> Result<String> {
        let answer = self.ask("textDocument/hover", Some(position(text, offset)))?;
        let shown = answer["contents"]["value"].as_str();
        Ok(shown.unwrap_or_default().to_owned())
    }

    /// The server's own errors in the file, each with its line from 0.
    pub(crate) fn errors(&mut self) -> Result<Vec<(usize, String)>> {
        const ERROR: u64 = 1;
        let answer = self.ask("textDocument/diagnostic", None)?;
        let items = answer["items"].as_array().into_iter().flatten();
        let errors = items.filter(|item| item["severity"] == ERROR);
        let errors = errors.filter_map(|error| {
            let message = error["message"].as_str()?;
            Some((start_line(error)?, message.to_owned()))
        });
        Ok(errors.collect())
    }

    /// Asks about the file, and again as long as the server is not done with its text.
    fn ask(&mut self, method: &str, position: Option<Value>) -> Result<Value> {
        let mut parameters = json!({ "textDocument": { "uri": self.file } });
        if let Some(position) = position {
            parameters["position"] = position;
        }
        loop {
            let answer = self.request(method, &parameters)?;
            if answer["error"]["code"] != CONTENT_MODIFIED {
                return Ok(answer["result"].clone());
            }
        }
    }

    fn request(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.last_request += 1;
        let id = self.last_request;
        self.send(&json!({ "id": id, "method": method, "params": parameters }))?;
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    fn notify(&mut self, method: &str, parameters: &Value) -> Result<()> {
        self.send(&json!({ "method": method, "params": parameters }))
    }

    /// Waits until the server has loaded the crate and built its macros.
    fn settle(&mut self) -> Result<()> {
        let status = self.wait(|message| {
            message["method"] == "experimental/serverStatus"
                && message["params"]["quiescent"] == true
        })?;
        if status["params"]["health"] == "error" {
            return Err(format!("rust-analyzer is unwell: {}", status["params"]["message"]).into());
        }
        Ok(())
    }

    /// The next message that is `wanted`. Requests of the server are granted on the way.
    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left)?;
            if wanted(&message) {
                return Ok(message);
            }
            if let (Some(id), true) = (message.get("id"), message.get("method").is_some()) {
                self.send(&json!({ "id": id, "result": null }))?;
            }
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let mut message = message.clone();
        message["jsonrpc"] = json!("2.0");
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.input.flush()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The parameters of `initialize`.
fn greeting(home: &Path) -> Value {
    let options = json!({
        "checkOnSave": false,
        "cachePriming": { "enable": false },
        "completion": { "autoimport": { "enable": false } },
    });
    json!({
        "processId": null,
        "rootUri": format!("file://{}", home.display()),
        "capabilities": {
            "general": { "positionEncodings": ["utf-8"] },
            "textDocument": {
                "diagnostic": {},
                "hover": { "contentFormat": ["markdown"] },
            },
            "experimental": { "serverStatusNotification": true },
        },
        "initializationOptions": options,
    })
}

/// A message: headers, an empty line, as many bytes as the header says.
fn read(from: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("Content-Length:") {
            length = bytes.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The line on which something with a range begins.
fn start_line(of: &Value) -> Option<usize> {
    usize::try_from(of["range"]["start"]["line"].as_u64()?).ok()
}

fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let character = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": line, "character": character })
}
