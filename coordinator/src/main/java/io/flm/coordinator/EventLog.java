package io.flm.coordinator;

import io.flm.coordinator.Coordinator.Subscribe;
import io.flm.coordinator.RunEvents.Numbered;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The newest events of a coordinator, and those who wait for the next one. Both are bounded: who was away for too long gets the run as
 * it stands instead. A question is answered once, so whoever is slow, or gone, holds nothing up.
 */
final class EventLog {
    static final int MOST = 2000;
    static final int MOST_BYTES = 4 << 20;
    static final int MOST_BYTES_TOLD = 128 << 10; // in one answer; one event may have more
    static final int MOST_WAITING = 1000;
    static final long WAIT_MS = 2000;

    private static final int BYTES_AROUND = 400; // numbers and names of fields

    private record Kept(Numbered event, int bytes) {}

    private record Waiting(Subscribe question, long since) {}

    private final InstantSource clock;
    private final String source;
    private final Deque<Kept> kept = new ArrayDeque<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private long newest;
    private long keptBytes;

    /** @param clock whose time of now names this coordinator */
    EventLog(InstantSource clock) {
        this.clock = clock;
        this.source = Long.toString(clock.millis(), Character.MAX_RADIX);
    }

    /** Something happened: those who wait hear of it. */
    void add(RunEvent event) {
        Kept added = new Kept(new Numbered(++newest, clock.millis(), event), sizeBytes(event));
        kept.addLast(added);
        keptBytes += added.bytes;
        while (kept.size() > 1 && (kept.size() > MOST || keptBytes > MOST_BYTES)) {
            keptBytes -= kept.removeFirst().bytes;
        }
        for (int left = waiting.size(); left > 0; left--) {
            Waiting next = waiting.removeFirst();
            if (next.question.after() == newest - 1) {
                answer(next.question, List.of(added.event));
            } else { // the run before was forgotten: the next tick tells it anew
                waiting.addLast(next);
            }
        }
    }

    /**
     * Answers at once if there is something to tell, else with the next event, or after a while.
     *
     * @param view of the run as it stands
     */
    void ask(Subscribe question, long now, Supplier<RunView> view) {
        boolean known =
                question.source().equals(source) && question.after() <= newest && question.after() >= oldest() - 1;
        if (!known) {
            question.replyTo().tell(new RunEvents(source, newest, view.get(), List.of()));
        } else if (question.after() < newest) {
            answer(question, since(question.after()));
        } else {
            waiting.addLast(new Waiting(question, now));
            if (waiting.size() > MOST_WAITING) {
                answer(waiting.removeFirst().question, List.of());
            }
        }
    }

    /** Another run has begun, or was found: everybody gets the run as it stands before they hear of anything else. */
    void forget() {
        kept.clear();
        keptBytes = 0;
        newest++;
    }

    /**
     * Time has passed: those who have waited long enough hear that nothing happened, and that this coordinator is there.
     *
     * @param view of the run as it stands
     */
    void tick(long now, Supplier<RunView> view) {
        for (Waiting first = waiting.peekFirst(); isOver(first, now); first = waiting.peekFirst()) {
            Subscribe question = waiting.removeFirst().question;
            if (question.after() < newest) {
                ask(question, now, view);
            } else {
                answer(question, List.of());
            }
        }
    }

    private boolean isOver(@Nullable Waiting first, long now) {
        return first != null && (first.question.after() < newest || now - first.since >= WAIT_MS);
    }

    private long oldest() {
        Kept first = kept.peekFirst();
        return first == null ? newest + 1 : first.event.number();
    }

    private List<Numbered> since(long after) {
        List<Numbered> events = new ArrayList<>();
        int bytes = 0;
        for (Kept each : kept) {
            if (each.event.number() > after) {
                bytes += each.bytes;
                if (!events.isEmpty() && bytes > MOST_BYTES_TOLD) {
                    break;
                }
                events.add(each.event);
            }
        }
        return events;
    }

    private void answer(Subscribe question, List<Numbered> events) {
        long last = events.isEmpty() ? newest : events.get(events.size() - 1).number();
        question.replyTo().tell(new RunEvents(source, last, null, events));
    }

    /** About: of what may be long. */
    private static int sizeBytes(RunEvent event) {
        int bytes = BYTES_AROUND;
        if (event instanceof RunEvent.WorkersChanged workers) {
            for (RunView.WorkerView w : workers.changed()) {
                bytes += BYTES_AROUND + w.name().length() + w.node().length() + utf8(w.reason());
            }
        } else if (event instanceof RunEvent.Formed formed) {
            bytes += GenerationsView.sizeBytes(formed.generation());
        } else if (event instanceof RunEvent.NotesChanged notes) {
            bytes += notes.notes().stream().mapToInt(EventLog::utf8).sum();
        } else if (event instanceof RunEvent.Entered entered) {
            bytes += utf8(entered.reason());
        } else if (event instanceof RunEvent.Stepped stepped) {
            bytes += BYTES_AROUND * stepped.heads().size();
        }
        return bytes;
    }

    private static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
