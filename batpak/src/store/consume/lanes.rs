use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::course::{BoxError, Course, Job};
use super::{ConsumerError, ConsumerFailure};
use crate::event::StoredEvent;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Condvar, Mutex};

/// A handler that several threads call at once.
pub(super) type SharedHandler = Arc<dyn Fn(&StoredEvent) -> Result<(), BoxError> + Send + Sync>;

/// Threads that handle events side by side, those of one key on one of them, in their order.
pub(super) struct Lanes {
    lanes: Vec<Arc<Lane>>,
    threads: Vec<JoinHandle<()>>,
    /// So that it is dropped by the thread that reads, after the bookmark is stored: it may be the last to have the store.
    _handler: SharedHandler,
}

/// What a thread has before it. The course keeps its length within bounds.
#[derive(Default)]
struct Lane {
    queue: Mutex<Queue>,
    news: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Lane {
    fn give(&self, job: Job) {
        self.queue.lock().jobs.push_back(job);
        self.news.notify_one();
    }

    fn close(&self) {
        self.queue.lock().is_closed = true;
        self.news.notify_one();
    }

    /// The next job, once there is one; `None` when there will be none any more.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.is_closed {
                return None;
            }
            self.news.wait(&mut queue);
        }
    }
}

impl Lanes {
    pub(super) fn start(
        count: usize,
        handler: SharedHandler,
        course: &Arc<Course>,
    ) -> io::Result<Self> {
        let mut lanes = Self {
            lanes: Vec::new(),
            threads: Vec::new(),
            _handler: Arc::clone(&handler),
        };
        for _ in 0..count {
            let lane = Arc::new(Lane::default());
            let (handler, course) = (Arc::clone(&handler), Arc::clone(course));
            let work = {
                let lane = Arc::clone(&lane);
                move || work(&lane, &course, &handler)
            };
            let thread = thread::Builder::new().name("batpak-handler".to_owned());
            lanes.threads.push(thread.spawn(work)?);
            lanes.lanes.push(lane);
        }
        Ok(lanes)
    }

    /// Gives a job to the lane of its key.
    pub(super) fn give(&self, job: Job) {
        let key = job.key.unwrap_or_default();
        let lane = key % self.lanes.len() as u64;
        self.lanes[lane as usize].give(job);
    }

    /// Waits until all has been settled that was given, or was interrupted.
    pub(super) fn close(&mut self) {
        self.lanes.iter().for_each(|lane| lane.close());
        for thread in self.threads.drain(..) {
            // The course was told of a panic.
            let _ = thread.join();
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread of a lane does.
fn work(lane: &Lane, course: &Arc<Course>, handler: &SharedHandler) {
    course.running.enter_thread();
    let _end = LaneEnd(course);
    while let Some(job) = lane.next() {
        course.handle(&job, &mut |event| handler(event));
    }
}

/// Tells of a panic that nothing has caught, so that nobody waits for the lane.
struct LaneEnd<'c>(&'c Course);

impl Drop for LaneEnd<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let failure = ConsumerFailure::Panicked("outside of its handler".into());
            let running = &self.0.running;
            let error = ConsumerError::at(running.name(), running.position(), failure);
            self.0.fail(error);
        }
    }
}
