//! Sending topics: their events, where their groups are, and what those have given up.

use std::collections::HashSet;

use micro::events::{DeadLetter, Event, Group};
use micro_proto::snapshot::item::Part;
use micro_proto::snapshot::{Events, Topic};
use micro_rpc::Result;

use super::LETTERS;
use super::save::{Pace, Save};

pub(super) async fn save(save: &Save) -> Result<()> {
    for (namespace, topic) in save.shared.events.all_topics().await? {
        if save.wants(&namespace) {
            one(save, &namespace, &topic.name).await?;
        }
    }
    Ok(())
}

async fn one(save: &Save, namespace: &str, name: &str) -> Result<()> {
    let events = &save.shared.events;
    // Before the events: what is published meanwhile is not behind any group.
    let mut groups = events.groups(namespace, name).await?;
    groups.sort_by(|one, other| (one.first, &one.name).cmp(&(other.first, &other.name)));
    groups.reverse();
    let topic = Topic {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    save.send(Part::Topic(topic)).await?;
    let (mut pace, mut position) = (Pace::default(), 0);
    loop {
        let page = events.read_after(namespace, name, position, pace.limit()).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        pace.saw(page.len(), page.iter().map(size).sum());
        between(save, page, &mut groups).await?;
    }
    for group in groups.into_iter().rev() {
        save.send(Part::Group(group.name)).await?;
    }
    let mut letters = events.dead_letters(namespace, name, "", LETTERS).await?;
    // They are with their groups here, and nowhere there: so they are dead letters once more. What is handed out or dies again meanwhile
    // is found by one of these, or by two.
    letters.extend(events.handed_out_again(namespace, name).await?);
    letters.extend(events.dead_letters(namespace, name, "", LETTERS).await?);
    let mut sent = HashSet::new();
    for letter in letters {
        if sent.insert((letter.group.clone(), position_of(&letter))) {
            save.send(Part::Letter(letter)).await?;
        }
    }
    Ok(())
}

/// Sends events, and each group before the first that it is not done with. The last of `groups` comes first.
async fn between(save: &Save, page: Vec<Event>, groups: &mut Vec<Group>) -> Result<()> {
    let mut waiting = Vec::new();
    for event in page {
        while let Some(group) = groups.pop_if(|group| group.first <= event.position) {
            send(save, std::mem::take(&mut waiting)).await?;
            save.send(Part::Group(group.name)).await?;
        }
        waiting.push(event);
    }
    send(save, waiting).await
}

async fn send(save: &Save, events: Vec<Event>) -> Result<()> {
    match events.is_empty() {
        true => Ok(()),
        false => save.send(Part::Events(Events { events })).await,
    }
}

fn position_of(letter: &DeadLetter) -> u64 {
    letter.event.as_ref().map_or(0, |event| event.position)
}

fn size(event: &Event) -> usize {
    event.payload.len() + event.id.len()
}
