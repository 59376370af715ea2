package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private final Turns turns = new Turns(2, 3, Duration.ofDays(1));
    private final List<CompletableFuture<String>> asked = new ArrayList<>();

    private CompletableFuture<String> take() {
        return turns.take(this::ask, () -> "too many").toCompletableFuture();
    }

    private CompletableFuture<String> ask() {
        CompletableFuture<String> answer = new CompletableFuture<>();
        asked.add(answer);
        return answer;
    }

    @Test
    void aFewAreAskedAndTheOthersFollowOnceTheseAreAnswered() {
        List<CompletableFuture<String>> all =
                IntStream.range(0, 5).mapToObj(i -> take()).toList();
        assertThat(asked).hasSize(2);
        asked.get(0).complete("first");
        assertThat(all.get(0)).isCompletedWithValue("first");
        assertThat(asked).hasSize(3);
        asked.get(1).completeExceptionally(new IllegalStateException("silent"));
        assertThat(all.get(1)).isCompletedExceptionally();
        asked.get(2).complete("third");
        asked.get(3).complete("fourth");
        asked.get(4).complete("fifth");
        assertThat(all.get(4)).isCompletedWithValue("fifth");
        assertThat(List.of(take(), take())).noneMatch(CompletableFuture::isDone);
        assertThat(asked).as("all turns are free again").hasSize(7);
    }

    @Test
    void whoseTurnDoesNotComeInTimeIsNotAskedAnyMore() {
        Turns hasty = new Turns(1, 3, Duration.ofMillis(1));
        CompletableFuture<String> first = new CompletableFuture<>();
        assertThat(hasty.take(() -> first, () -> "never").toCompletableFuture()).isNotDone();
        CompletableFuture<String> late = hasty.take(this::ask, () -> "too late").toCompletableFuture();
        assertThat(late.join()).isEqualTo("too late");
        first.complete("first");
        assertThat(asked).isEmpty();
        assertThat(hasty.take(this::ask, () -> "never").toCompletableFuture()).isNotDone();
        assertThat(asked).as("the turn is free again").hasSize(1);
    }

    @Test
    void whereTooManyWaitNoMoreAreTaken() {
        List<CompletableFuture<String>> all =
                IntStream.range(0, 6).mapToObj(i -> take()).toList();
        assertThat(all.get(5)).isCompletedWithValue("too many");
        assertThat(all.subList(0, 5)).noneMatch(CompletableFuture::isDone);
        asked.get(0).complete("first");
        assertThat(take()).isNotDone();
    }
}
