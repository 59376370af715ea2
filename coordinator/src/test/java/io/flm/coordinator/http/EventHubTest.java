package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.util.ByteString;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.RunEvent;
import io.flm.coordinator.RunEvents;
import io.flm.coordinator.RunView;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a node keeps of a run's events is bounded. */
@Timeout(60)
class EventHubTest {
    private static final int LAST = 20;
    private static final int EVENT_BYTES = 1_000_000;
    private static final RunView RUN = new RunView(
            "r",
            "r-1",
            "training",
            "why",
            1,
            0,
            100,
            null,
            List.of(),
            0,
            0,
            null,
            null,
            1,
            1,
            null,
            null,
            List.of(),
            List.of());

    private final ActorTestKit kit = ActorTestKit.create();
    private final ActorRef<EventHub.Message> hub = kit.spawn(EventHub.create(kit.spawn(coordinator())));

    /** Tells the run, then large events one by one, then nothing more. */
    private static akka.actor.typed.Behavior<Coordinator.Command> coordinator() {
        return Behaviors.receiveMessage(message -> {
            if (message instanceof Coordinator.Subscribe asked) {
                if (asked.source().isEmpty()) {
                    asked.replyTo().tell(new RunEvents("s", 0, RUN, List.of()));
                } else if (asked.after() < LAST) {
                    long number = asked.after() + 1;
                    RunEvent event = new RunEvent.NotesChanged(List.of("x".repeat(EVENT_BYTES)));
                    asked.replyTo()
                            .tell(new RunEvents("s", number, null, List.of(new RunEvents.Numbered(number, 0, event))));
                }
            }
            return Behaviors.same();
        });
    }

    @AfterEach
    void close() {
        kit.shutdownTestKit();
    }

    private SinkQueueWithCancel<ByteString> listen(String lastId) {
        return EventHub.events(hub, lastId).runWith(Sink.queue(), kit.system());
    }

    /** The number of the next event. */
    private static long next(SinkQueueWithCancel<ByteString> events) throws Exception {
        String text = ":";
        while (text.startsWith(":") || !text.contains("\nid: ")) {
            text = events.pull()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS)
                    .orElseThrow()
                    .utf8String();
        }
        return EventHub.Position.parse(text.lines().toList().get(1)).number();
    }

    @Test
    void eventsThatAreLongAreKeptByTheirBytes() throws Exception {
        SinkQueueWithCancel<ByteString> first = listen("");
        for (long number = 0; number <= LAST; number++) {
            assertThat(next(first)).isEqualTo(number);
        }
        int kept = EventHub.MOST_KEPT_BYTES / EVENT_BYTES;
        assertThat(next(listen("s-" + (LAST - kept)))).isEqualTo(LAST - kept + 1);
        assertThat(next(listen("s-" + (LAST - kept - 1))))
                .as("too old: the run as it stands")
                .isZero();
    }
}
