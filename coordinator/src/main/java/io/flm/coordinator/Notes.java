package io.flm.coordinator;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** What the operator should know though training goes on. The newest are told until they are over. */
final class Notes {
    private static final int MOST = 20;

    /** What notes are about, beside workers: a checkpoint that was asked for. */
    static final String CHECKPOINT = "(checkpoint)";

    private record Note(String text, Set<String> about) {}

    private final Consumer<String> log;
    private final EventLog events;
    private final Deque<Note> notes = new ArrayDeque<>();

    /** @param events get the notes whenever they change */
    Notes(Consumer<String> log, EventLog events) {
        this.log = log;
        this.events = events;
    }

    /** What a note is about if a worker could not write a checkpoint: another's success does not mend its disk. */
    static String checkpointOf(String worker) {
        return "(checkpoint of " + worker + ")";
    }

    /** A note that stays true. */
    void add(String text) {
        add(text, Set.of());
    }

    /** @param about workers and things; the note is over once it is over for all of them */
    void add(String text, Set<String> about) {
        log.accept(text);
        notes.addLast(new Note(Excerpt.of(text), about));
        if (notes.size() > MOST) {
            notes.removeFirst();
        }
        events.add(new RunEvent.NotesChanged(texts()));
    }

    void addOnce(String text, String about) {
        if (notes.stream().noneMatch(known -> known.text().equals(Excerpt.of(text)))) {
            add(text, Set.of(about));
        }
    }

    void over(Set<String> about) {
        if (notes.removeIf(note -> !note.about().isEmpty() && about.containsAll(note.about()))) {
            events.add(new RunEvent.NotesChanged(texts()));
        }
    }

    void clear() {
        notes.clear();
    }

    List<String> texts() {
        return notes.stream().map(Note::text).toList();
    }
}
