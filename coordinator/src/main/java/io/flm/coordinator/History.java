package io.flm.coordinator;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.worker.Generation;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The newest generations of a run: members, time, reason, and how long each change took. As many as one message may hold. */
final class History {
    private static final int MOST = 100;
    private static final int MOST_BYTES = 256 * 1024;
    private static final int BYTES_AROUND_A_MEMBER = 40; // the names of its fields, and their lengths
    private static final int BYTES_AROUND_A_GENERATION = 120;

    private final Deque<GenerationView> generations = new ArrayDeque<>();
    private final EventLog events;
    private long causedAt;

    /** @param events get each generation */
    History(EventLog events) {
        this.events = events;
    }

    /** A generation was made, for something that happened at {@code causedAt}. */
    void add(Generation generation, Instant at, String why, long causedAt) {
        this.causedAt = causedAt;
        List<MemberView> members = generation.members().stream()
                .map(m -> new MemberView(m.worker(), m.node(), m.lanes().toString()))
                .toList();
        generations.addLast(new GenerationView(
                generation.number(), generation.firstStep(), at.toString(), Excerpt.of(why), -1, members));
        tellNewest();
        while (generations.size() > MOST || (generations.size() > 1 && sizeBytes() > MOST_BYTES)) {
            generations.removeFirst();
        }
    }

    private int sizeBytes() {
        return generations.stream().mapToInt(History::sizeBytes).sum();
    }

    static int sizeBytes(GenerationView g) {
        int bytes = BYTES_AROUND_A_GENERATION + g.why().getBytes(StandardCharsets.UTF_8).length;
        for (MemberView m : g.members()) { // names are ASCII
            bytes += BYTES_AROUND_A_MEMBER
                    + m.worker().length()
                    + m.node().length()
                    + m.lanes().length();
        }
        return bytes;
    }

    /** A step of the newest generation was committed. */
    void committed(long number, long now) {
        GenerationView g = generations.peekLast();
        if (g != null && g.number() == number && g.tookMs() < 0) {
            generations.removeLast();
            generations.addLast(
                    new GenerationView(g.number(), g.firstStep(), g.at(), g.why(), now - causedAt, g.members()));
            tellNewest();
        }
    }

    private void tellNewest() {
        events.add(new RunEvent.Formed(generations.getLast()));
    }

    void clear() {
        generations.clear();
    }

    GenerationsView view() {
        return new GenerationsView(List.copyOf(generations));
    }
}
