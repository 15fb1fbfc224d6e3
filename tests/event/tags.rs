//! Tags that events give themselves.

use std::collections::BTreeSet;
use std::fmt;

use batpak::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::{Dir, coordinate};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct StudentId(u32);

impl fmt::Display for StudentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

state_machine!(
    /// A course.
    #[machine(entity = "course")]
    #[derive(Debug, Clone)]
    enum Course {
        #[initial]
        Planned,
        #[terminal]
        Held,
    }

    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x8)]
    enum CourseEvent {
        #[event(id = 0x001)]
        Enrolled {
            #[event(tag)]
            course: String,
            #[event(tag = "student")]
            ids: Vec<StudentId>,
            #[event(tag)]
            room: Option<u8>,
            #[event(tag = "lent")]
            books: Option<BTreeSet<u16>>,
            #[event(tag)]
            r#type: [char; 1],
            note: String,
        },
        #[event(id = 0x002)]
        Held,
    }

    fn evolve(course: Course, event: CourseEvent) -> Course {
        match (course, event) {
            #[command(enrol)]
            (Planned, Enrolled { .. }) => Planned,
            #[command(hold)]
            (Planned, Held) => Held,
        }
    }
);

fn enrolled(course: &str, ids: &[u32]) -> CourseEvent {
    CourseEvent::Enrolled {
        course: course.to_owned(),
        ids: ids.iter().copied().map(StudentId).collect(),
        room: None,
        books: Some([3, 1].into()),
        r#type: ['x'],
        note: "n".to_owned(),
    }
}

fn tags(tags: &[&str]) -> Vec<Tag> {
    tags.iter().map(|tag| tag.parse().unwrap()).collect()
}

#[test]
fn an_appended_event_is_found_by_every_tag_that_its_fields_give_it() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("course:c1", "school");
    store
        .append_typed(&at, &enrolled("c1", &[7, 8, 7]))
        .unwrap();
    store.append_typed(&at, &CourseEvent::Held).unwrap();
    let expected = tags(&[
        "course:c1",
        "lent:1",
        "lent:3",
        "student:s7",
        "student:s8",
        "type:x",
    ]);
    for tag in &expected {
        let found: Vec<_> = store
            .query(&Region::all().tag(tag.clone()))
            .map(Result::unwrap)
            .collect();
        assert_eq!(found.len(), 1, "{tag}");
        assert_eq!(found[0].tags, expected);
    }
}

#[test]
fn tags_of_the_caller_stand_beside_those_of_the_event() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("course:c1", "school");
    let batch = Batch::new().event(
        NewEvent::of(&at, &CourseEvent::Held)
            .tag(Tag::new("by", "Ada").unwrap())
            .tag(Tag::new("course", "c1").unwrap()),
    );
    store.commit(batch).unwrap();
    let event = NewEvent::of(&at, &enrolled("c1", &[])).tag(Tag::new("course", "c1").unwrap());
    store.commit(Batch::new().event(event)).unwrap();
    let read: Vec<_> = store.stream(&at).map(Result::unwrap).collect();
    assert_eq!(read[0].tags, tags(&["by:Ada", "course:c1"]));
    assert_eq!(
        read[1].tags,
        tags(&["course:c1", "lent:1", "lent:3", "type:x"])
    );
}

#[test]
fn events_of_a_machine_have_their_tags() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Course::at("c1", "school").unwrap();
    let AnyCourseIn::Planned(course) = store.load::<Course>(&at).unwrap() else {
        panic!("the course is new");
    };
    let student = vec![StudentId(7)];
    course
        .enrol(
            "c1".to_owned(),
            student,
            Some(4),
            None,
            ['x'],
            String::new(),
        )
        .unwrap()
        .commit(&store)
        .unwrap();
    let event = store.stream(&at).next().unwrap().unwrap();
    assert_eq!(
        event.tags,
        tags(&["course:c1", "room:4", "student:s7", "type:x"])
    );
}

#[test]
fn a_bad_tag_and_too_many_are_errors_of_the_commit() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("course:c1", "school");
    let error = store.append_typed(&at, &enrolled("", &[])).unwrap_err();
    assert!(matches!(error, StoreError::Tag(_)), "{error}");
    let error = store
        .append_typed(&at, &enrolled("c1", &[1, 2, 3, 4, 5]))
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Limit { actual: 9, .. }),
        "{error}"
    );
    let batch = Batch::new()
        .event(NewEvent::of(&at, &CourseEvent::Held))
        .event(NewEvent::of(&at, &enrolled("\n", &[])));
    assert!(matches!(store.commit(batch), Err(StoreError::Tag(_))));
    assert_eq!(store.stream(&at).count(), 0);
}
