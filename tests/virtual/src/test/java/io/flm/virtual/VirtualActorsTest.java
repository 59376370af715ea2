package io.flm.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VirtualActorsTest {
    private final VirtualActors actors = new VirtualActors();
    private final List<String> heard = new ArrayList<>();

    @AfterEach
    void close() {
        actors.close();
    }

    private Behavior<String> listener(String name) {
        return Behaviors.receiveMessage(m -> {
            heard.add(name + " " + m);
            return Behaviors.same();
        });
    }

    @Test
    void messagesAreHeardInTheOrderInWhichTheyWereSentWhoeverGetsThem() {
        ActorRef<String> a = actors.spawn(listener("a"), "a");
        ActorRef<String> b = actors.spawn(listener("b"), "b");
        for (int i = 0; i < 3; i++) {
            a.tell("gets " + i);
            b.tell("gets " + i);
        }
        assertThat(heard).isEmpty();
        actors.settle();
        assertThat(heard).containsExactly("a gets 0", "b gets 0", "a gets 1", "b gets 1", "a gets 2", "b gets 2");
    }

    @Test
    void timersAreHeardAtTheirTimes() {
        actors.spawn(
                Behaviors.<String>withTimers(timers -> {
                    timers.startTimerWithFixedDelay("tick", Duration.ofMillis(300));
                    timers.startSingleTimer("once", Duration.ofMillis(400));
                    return Behaviors.receiveMessage(m -> {
                        heard.add(m + " at " + actors.nanoTime() / 1_000_000);
                        return Behaviors.same();
                    });
                }),
                "timed");
        actors.after(600_000_000L, () -> heard.add("between"));
        actors.pass(Duration.ofMillis(299));
        assertThat(heard).isEmpty();
        actors.pass(Duration.ofMillis(701));
        assertThat(heard).containsExactly("tick at 300", "once at 400", "between", "tick at 600", "tick at 900");
        assertThat(actors.nanoTime()).isEqualTo(1_000_000_000L);
    }

    @Test
    void whatIsClearedIsHeardOfNoMore() {
        ActorRef<String> a = actors.spawn(listener("a"), "a");
        actors.after(1, () -> heard.add("late"));
        actors.clear();
        a.tell("gone");
        actors.pass(Duration.ofSeconds(1));
        assertThat(heard).isEmpty();
        String answer = actors.ask(actors.spawn(echo(), "a"), (ActorRef<String> to) -> to);
        assertThat(answer).isEqualTo("here");
    }

    private static Behavior<ActorRef<String>> echo() {
        return Behaviors.receiveMessage(to -> {
            to.tell("here");
            return Behaviors.same();
        });
    }
}
