package io.flm.coordinator;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.worker.Generation;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The newest generations of a run: who, when, why, and how long each change took. */
final class History {
    private static final int LIMIT = 100;

    private final Deque<GenerationView> generations = new ArrayDeque<>();
    private long causedAt;

    /** A generation was made, for something that happened at {@code causedAt}. */
    void add(Generation generation, Instant at, String why, long causedAt) {
        this.causedAt = causedAt;
        List<MemberView> members = generation.members().stream()
                .map(m -> new MemberView(m.worker(), m.node(), m.lanes().toString()))
                .toList();
        generations.addLast(
                new GenerationView(generation.number(), generation.firstStep(), at.toString(), why, -1, members));
        if (generations.size() > LIMIT) {
            generations.removeFirst();
        }
    }

    /** A step of the newest generation was committed. */
    void committed(long number, long now) {
        GenerationView g = generations.peekLast();
        if (g != null && g.number() == number && g.tookMs() < 0) {
            generations.removeLast();
            generations.addLast(
                    new GenerationView(g.number(), g.firstStep(), g.at(), g.why(), now - causedAt, g.members()));
        }
    }

    void clear() {
        generations.clear();
    }

    GenerationsView view() {
        return new GenerationsView(List.copyOf(generations));
    }
}
