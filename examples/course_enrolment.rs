//! Courses with so many seats, and students who may take so many courses: the example of [dcb.events]. That a student takes a course is
//! one fact about both, and each command rests on the events that it is about, and on no others.
//!
//! ```text
//! cargo run --example course_enrolment
//! ```
//!
//! [dcb.events]: https://dcb.events/examples/course-subscriptions/

#![allow(clippy::print_stdout, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use batpak::prelude::*;

const MOST_COURSES: usize = 2;

#[derive(Event)]
#[event(category = 0x3)]
pub enum SchoolEvent {
    #[event(id = 0x001)]
    CourseDefined {
        #[event(tag)]
        course: String,
        seats: usize,
    },
    #[event(id = 0x002)]
    SeatsChanged {
        #[event(tag)]
        course: String,
        seats: usize,
    },
    #[event(id = 0x003)]
    StudentSubscribed {
        #[event(tag)]
        student: String,
        #[event(tag)]
        course: String,
    },
}

/// As much of the school as a command has read.
#[derive(Debug, Default)]
pub struct School {
    seats: BTreeMap<String, usize>,
    /// Students with their courses.
    subscribed: BTreeSet<(String, String)>,
}

#[projection]
impl School {
    #[on(SchoolEvent::CourseDefined | SchoolEvent::SeatsChanged)]
    fn seats(&mut self, course: &str, seats: &usize) {
        self.seats.insert(course.to_owned(), *seats);
    }

    #[on(SchoolEvent::StudentSubscribed)]
    fn subscribed(&mut self, student: &str, course: &str) {
        self.subscribed
            .insert((student.to_owned(), course.to_owned()));
    }

    fn students_of(&self, course: &str) -> usize {
        self.subscribed
            .iter()
            .filter(|(_, of)| of == course)
            .count()
    }

    fn courses_of(&self, student: &str) -> usize {
        self.subscribed
            .iter()
            .filter(|(by, _)| by == student)
            .count()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the course is defined already")]
    DefinedAlready,
    #[error("there is no such course")]
    NoSuchCourse,
    #[error("the student takes it already")]
    SubscribedAlready,
    #[error("all seats are taken")]
    FullyBooked,
    #[error("{MOST_COURSES} courses are enough")]
    TooManyCourses,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub fn define_course(store: &Store, course: &str, seats: usize) -> Result<(), Refused> {
    decide(store, course, &tagged("course", course)?, |school| {
        let course = course.to_owned();
        match school.seats.contains_key(&course) {
            true => Err(Refused::DefinedAlready),
            false => Ok(SchoolEvent::CourseDefined { course, seats }),
        }
    })
}

pub fn change_seats(store: &Store, course: &str, seats: usize) -> Result<(), Refused> {
    decide(store, course, &tagged("course", course)?, |school| {
        let course = course.to_owned();
        match school.seats.contains_key(&course) {
            true => Ok(SchoolEvent::SeatsChanged { course, seats }),
            false => Err(Refused::NoSuchCourse),
        }
    })
}

pub fn subscribe(store: &Store, student: &str, course: &str) -> Result<(), Refused> {
    let both = tagged("course", course)?.or(tagged("student", student)?);
    decide(store, course, &both, |school| {
        let seats = school.seats.get(course).ok_or(Refused::NoSuchCourse)?;
        if school.students_of(course) >= *seats {
            return Err(Refused::FullyBooked);
        }
        if school.courses_of(student) >= MOST_COURSES {
            return Err(Refused::TooManyCourses);
        }
        let (student, course) = (student.to_owned(), course.to_owned());
        if school
            .subscribed
            .contains(&(student.to_owned(), course.to_owned()))
        {
            return Err(Refused::SubscribedAlready);
        }
        Ok(SchoolEvent::StudentSubscribed { student, course })
    })
}

fn tagged(name: &str, value: &str) -> Result<Region, StoreError> {
    Ok(Region::all().tag(Tag::new(name, value)?))
}

/// Has happen to a course what follows from the region, if nothing comes to it meanwhile; or else decides anew.
fn decide(
    store: &Store,
    course: &str,
    region: &Region,
    follows: impl Fn(School) -> Result<SchoolEvent, Refused>,
) -> Result<(), Refused> {
    let stream = Coordinate::new(format!("course:{course}"), "school").map_err(StoreError::from)?;
    store.decide(region, |events| {
        let event = follows(events.project()?)?;
        Ok::<_, Refused>(NewEvent::of(&stream, &event).into())
    })?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(StoreConfig::new(dir.path().join("school")))?;
    for course in ["maths", "music", "chess"] {
        define_course(&store, course, 3)?;
    }
    let tell = |student: &str, course: &str| match subscribe(&store, student, course) {
        Ok(()) => println!("{student} takes {course}"),
        Err(refused) => println!("{student} does not take {course}: {refused}"),
    };
    // Everybody at once wants one of three seats, and ann wants everything.
    std::thread::scope(|scope| {
        for student in ["bob", "cid", "dan", "eve"] {
            scope.spawn(move || tell(student, "maths"));
        }
        for course in ["maths", "music", "chess"] {
            scope.spawn(move || tell("ann", course));
        }
    });
    change_seats(&store, "maths", 4)?;
    tell("fay", "maths");

    let school: School = store.fold(&Region::all())?;
    assert_eq!(school.students_of("maths"), 4);
    assert_eq!(school.courses_of("ann"), MOST_COURSES);
    Ok(())
}
