//! Progress: one total bar and one for each file on its way.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bars of a transfer.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bars: MultiProgress,
    total: ProgressBar,
    visible: bool,
}

/// The bar of a file; it goes when it is dropped.
#[derive(Debug)]
pub(crate) struct FileProgress {
    bar: ProgressBar,
    total: ProgressBar,
    bars: MultiProgress,
}

impl Progress {
    pub(crate) fn new(visible: bool) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let total = bars.add(ProgressBar::new(0).with_style(style("{prefix:>9} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {msg}")));
        if visible {
            total.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bars, total, visible }
    }

    /// What the total bar is about.
    pub(crate) fn begin(&self, doing: &'static str) {
        self.total.set_prefix(doing);
    }

    /// So many bytes more to come.
    pub(crate) fn expect(&self, bytes: u64) {
        self.total.inc_length(bytes);
    }

    /// So many bytes need not come or go.
    pub(crate) fn pass(&self, bytes: u64) {
        self.total.inc(bytes);
    }

    /// A file on its way.
    pub(crate) fn file(&self, name: &str, size: u64) -> FileProgress {
        let bar = self.bars.add(ProgressBar::new(size).with_style(style("          {bar:20} {percent:>3}% {wide_msg}")));
        if self.visible {
            // Control characters of a name would steer the terminal.
            bar.set_message(name.chars().filter(|c| !c.is_control()).collect::<String>());
        }
        FileProgress { bar, total: self.total.clone(), bars: self.bars.clone() }
    }

    /// A line for people that does not tear the bars.
    pub(crate) fn say(&self, text: &str) {
        use std::io::Write as _;
        // Nobody can be told when stderr is gone.
        self.bars.suspend(|| drop(writeln!(std::io::stderr().lock(), "{text}")));
    }

    pub(crate) fn finish(&self) {
        self.total.finish_and_clear();
        // Bars are only decoration.
        let _ = self.bars.clear();
    }
}

impl FileProgress {
    /// So many bytes came or went.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.total.inc(bytes);
    }

    /// The attempt begins again.
    pub(crate) fn take_back(&self, bytes: u64) {
        self.bar.dec(bytes);
        self.total.dec(bytes);
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
