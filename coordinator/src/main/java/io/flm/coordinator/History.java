package io.flm.coordinator;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.coordinator.GenerationsView.MemberView;
import io.flm.worker.Generation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The newest generations of a run: members, time, reason, and how long each change took. As many as one message may hold. */
final class History {
    private List<GenerationView> generations = new ArrayList<>();
    private final EventLog events;
    private final Consumer<GenerationView> keeper;
    private long causedAt;

    /**
     * @param events get each generation
     * @param keeper likewise, for the next coordinator
     */
    History(EventLog events, Consumer<GenerationView> keeper) {
        this.events = events;
        this.keeper = keeper;
    }

    /** A generation was made, for something that happened at {@code causedAt}. */
    void add(Generation generation, Instant at, String why, long causedAt) {
        this.causedAt = causedAt;
        List<MemberView> members = generation.members().stream()
                .map(m -> new MemberView(m.worker(), m.node(), m.lanes().toString()))
                .toList();
        generations.add(new GenerationView(
                generation.number(), generation.firstStep(), at.toString(), Excerpt.of(why), -1, members));
        tellNewest();
        generations = new ArrayList<>(GenerationsView.newest(generations));
    }

    /** A step of the newest generation was committed. */
    void committed(long number, long now) {
        GenerationView g = generations.isEmpty() ? null : generations.get(generations.size() - 1);
        if (g != null && g.number() == number && g.tookMs() < 0) {
            generations.set(
                    generations.size() - 1,
                    new GenerationView(g.number(), g.firstStep(), g.at(), g.why(), now - causedAt, g.members()));
            tellNewest();
        }
    }

    private void tellNewest() {
        GenerationView newest = generations.get(generations.size() - 1);
        events.add(new RunEvent.Formed(newest));
        keeper.accept(newest);
    }

    /** Those from before this coordinator, oldest first; they may tell of some that it made itself, or found. */
    void prepend(List<GenerationView> before) {
        List<GenerationView> all = new ArrayList<>(before);
        List<GenerationView> made = generations.subList(Math.min(1, generations.size()), generations.size());
        all.removeIf(old -> made.stream().anyMatch(own -> GenerationsView.isSame(own, old)));
        all.addAll(generations);
        generations = new ArrayList<>(GenerationsView.newest(GenerationsView.merged(all)));
    }

    void clear() {
        generations.clear();
    }

    GenerationsView view() {
        return new GenerationsView(generations);
    }
}
