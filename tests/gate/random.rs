//! Random trees of gates, some of which panic: what they decide is boolean algebra.

use std::cell::RefCell;
use std::sync::LazyLock;

use batpak::Answer;
use batpak::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// What a gate does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Permit,
    Deny,
    Panic,
}

/// Gates that are made of gates; those at the ends have numbers, in order.
#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Gate,
    AllOf { ask_all: bool, of: Vec<Tree> },
    AnyOf(Vec<Tree>),
    Not(Box<Tree>),
}

type Boxed = Box<dyn Gate<Asked> + Send + Sync>;

/// What the gates with these numbers do, and how often each was asked.
struct Asked {
    does: Vec<Does>,
    times: RefCell<Vec<u32>>,
}

/// The gate with this number.
struct Numbered(usize);

/// As many as a tree has gates, at most.
const GATES: usize = 64;

static CODES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| (0..GATES).map(|n| &*format!("G{n}").leak()).collect());

impl Gate<Asked> for Numbered {
    fn code(&self) -> &'static str {
        CODES[self.0]
    }

    fn evaluate(&self, asked: &Asked) -> Result<(), Denial> {
        asked.times.borrow_mut()[self.0] += 1;
        match asked.does[self.0] {
            Does::Permit => Ok(()),
            Does::Deny => Err(Denial::new(self.code(), "no")),
            Does::Panic => panic!("a random one"),
        }
    }
}

impl Asked {
    fn new(does: &[Does]) -> Self {
        Self {
            does: does.to_vec(),
            times: RefCell::new(vec![0; does.len()]),
        }
    }
}

impl Tree {
    /// The gate, whose ends are numbered from `next` on.
    fn gate(&self, next: &mut usize) -> Boxed {
        match self {
            Self::Gate => {
                *next += 1;
                Box::new(Numbered(*next - 1))
            }
            Self::AllOf { ask_all, of } => {
                let gate = all_of("ALL", gates(of, next));
                Box::new(if *ask_all { gate.ask_all() } else { gate })
            }
            Self::AnyOf(of) => Box::new(any_of("ANY", gates(of, next))),
            Self::Not(of) => Box::new(not("NOT", of.gate(next))),
        }
    }

    /// How many gates it has that are not made of others.
    fn ends(&self) -> usize {
        match self {
            Self::Gate => 1,
            Self::AllOf { of, .. } | Self::AnyOf(of) => of.iter().map(Self::ends).sum(),
            Self::Not(of) => of.ends(),
        }
    }

    /// What the tree decides, if nothing panics.
    fn permits(&self, does: &mut impl Iterator<Item = bool>) -> bool {
        match self {
            Self::Gate => does.next().unwrap(),
            Self::AllOf { of, .. } => !each(of, does).contains(&false),
            Self::AnyOf(of) => each(of, does).contains(&true),
            Self::Not(of) => !of.permits(does),
        }
    }
}

/// What each tree decides: also behind one that decides for all, since the gates of the next follow its own.
fn each(trees: &[Tree], does: &mut impl Iterator<Item = bool>) -> Vec<bool> {
    trees.iter().map(|tree| tree.permits(does)).collect()
}

fn gates(trees: &[Tree], next: &mut usize) -> Vec<Boxed> {
    trees.iter().map(|tree| tree.gate(next)).collect()
}

fn set_of(trees: &[Tree]) -> GateSet<Asked> {
    let gates = gates(trees, &mut 0).into_iter();
    gates.fold(GateSet::new(), GateSet::with)
}

fn all_permit(trees: &[Tree], does: &[bool]) -> bool {
    !each(trees, &mut does.iter().copied()).contains(&false)
}

fn trees() -> impl Strategy<Value = Vec<Tree>> {
    let tree = Just(Tree::Gate).prop_recursive(5, 15, 3, |tree| {
        prop_oneof![
            1 => (any::<bool>(), vec(tree.clone(), 0..4))
                .prop_map(|(ask_all, of)| Tree::AllOf { ask_all, of }),
            1 => vec(tree.clone(), 0..4).prop_map(Tree::AnyOf),
            2 => tree.prop_map(|of| Tree::Not(Box::new(of))),
        ]
    });
    vec(tree, 0..4).prop_filter("too many gates", |trees| {
        trees.iter().map(Tree::ends).sum::<usize>() <= GATES
    })
}

/// What each gate does, if so many of a hundred panic.
fn does(panics: u32) -> impl Strategy<Value = Vec<Does>> {
    let one = prop_oneof![
        (100 - panics) / 2 => Just(Does::Permit),
        (100 - panics) / 2 => Just(Does::Deny),
        panics => Just(Does::Panic),
    ];
    vec(one, GATES)
}

fn booleans(does: &[Does]) -> Vec<bool> {
    does.iter().map(|&does| does == Does::Permit).collect()
}

fn permits(set: &GateSet<Asked>, does: &[Does]) -> bool {
    set.explain(&Asked::new(does)).is_permitted()
}

proptest! {
    #[test]
    fn gates_that_do_not_panic_decide_as_boolean_algebra_does(trees in trees(), does in does(0)) {
        let expected = all_permit(&trees, &booleans(&does));
        prop_assert_eq!(permits(&set_of(&trees), &does), expected);
    }

    #[test]
    fn however_many_are_asked_the_decision_is_the_same(trees in trees(), does in does(20)) {
        let set = set_of(&trees);
        let asked = Asked::new(&does);
        let code = |denial: Option<&Denial>| denial.map(|denial| denial.code().to_owned());
        let decided = code(set.evaluate(&asked).err().as_ref());
        prop_assert_eq!(&code(set.evaluate_all(&asked).first()), &decided);
        prop_assert_eq!(&code(set.explain(&asked).denial()), &decided);
        prop_assert_eq!(&code(set.explain_all(&asked).denial()), &decided);
        let dry_run = set.dry_run(&asked);
        prop_assert_eq!(dry_run.would_permit(), decided.is_none());
        prop_assert_eq!(&code(dry_run.denials().next()), &decided);
    }

    #[test]
    fn a_permit_is_the_same_whatever_a_gate_that_panicked_would_have_said(
        trees in trees(),
        does in does(60),
        instead in vec(any::<bool>(), GATES),
    ) {
        if permits(&set_of(&trees), &does) {
            let mut said = booleans(&does);
            for (n, instead) in instead.into_iter().enumerate() {
                if does[n] == Does::Panic {
                    said[n] = instead;
                }
            }
            prop_assert!(all_permit(&trees, &said));
        }
    }

    #[test]
    fn the_gates_passed_have_permitted_and_the_permit_needs_no_other_that_did(
        trees in trees(),
        does in does(10),
    ) {
        let set = set_of(&trees);
        let evaluation = set.explain(&Asked::new(&does));
        let passed = evaluation.passed();
        let mut permitted = evaluation.iter().filter(|gate| gate.is_permitted());
        for code in &passed {
            prop_assert!(permitted.any(|gate| gate.code() == *code), "{} of {}", code, evaluation);
        }
        if evaluation.is_permitted() {
            let mut fewer = does.clone();
            for (n, does) in fewer.iter_mut().enumerate() {
                if *does == Does::Permit && !passed.contains(&CODES[n]) {
                    *does = Does::Deny;
                }
            }
            prop_assert!(permits(&set, &fewer), "{}", evaluation);
        }
    }

    #[test]
    fn each_gate_is_asked_once_or_said_not_to_be(trees in trees(), does in does(10)) {
        let set = set_of(&trees);
        let all = trees.iter().map(Tree::ends).sum::<usize>();
        let asked = Asked::new(&does);
        let dry_run = set.dry_run(&asked);
        prop_assert!(dry_run.iter().all(|gate| *gate.answer() != Answer::NotAsked));
        prop_assert!(asked.times.borrow()[..all].iter().all(|times| *times == 1));

        let asked = Asked::new(&does);
        let evaluation = set.explain(&asked);
        let said = evaluation.iter().filter(|gate| gate.combinator().is_none());
        let said = said.map(|gate| u32::from(*gate.answer() != Answer::NotAsked));
        prop_assert!(said.eq(asked.times.borrow()[..all].iter().copied()), "{}", evaluation);
    }

    #[test]
    fn not_all_is_any_not_and_not_any_is_all_not(trees in trees(), does in does(0)) {
        let ask_all = false;
        let not = |tree: Tree| Tree::Not(Box::new(tree));
        let turned: Vec<_> = trees.iter().cloned().map(not).collect();
        let decided = |tree: Tree| permits(&set_of(&[tree]), &does);
        prop_assert_eq!(
            decided(not(Tree::AllOf { ask_all, of: trees.clone() })),
            decided(Tree::AnyOf(turned.clone()))
        );
        prop_assert_eq!(
            decided(not(Tree::AnyOf(trees))),
            decided(Tree::AllOf { ask_all, of: turned })
        );
    }

    #[test]
    fn not_of_not_is_the_gate_also_if_it_panics(trees in trees(), does in does(30)) {
        let twice = |tree: &Tree| Tree::Not(Box::new(Tree::Not(Box::new(tree.clone()))));
        let turned: Vec<_> = trees.iter().map(twice).collect();
        let [once, twice] = [trees, turned].map(|trees| {
            let evaluation = set_of(&trees).explain(&Asked::new(&does));
            evaluation.denial().map(Denial::is_panic)
        });
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn sets_have_one_digest_if_they_are_made_alike(a in trees(), b in trees()) {
        let same = set_of(&a).digest() == set_of(&b).digest();
        prop_assert_eq!(same, without_modes(&a) == without_modes(&b));
        prop_assert_eq!(set_of(&a).digest(), set_of(&without_modes(&a)).digest());
    }
}

/// The trees, none of which asks all where one would do.
fn without_modes(trees: &[Tree]) -> Vec<Tree> {
    let trees = trees.iter();
    trees
        .map(|tree| match tree {
            Tree::Gate => Tree::Gate,
            Tree::AllOf { of, .. } => Tree::AllOf {
                ask_all: false,
                of: without_modes(of),
            },
            Tree::AnyOf(of) => Tree::AnyOf(without_modes(of)),
            Tree::Not(of) => Tree::Not(Box::new(without_modes(std::slice::from_ref(of)).remove(0))),
        })
        .collect()
}
