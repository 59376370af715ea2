package io.flm.coordinator.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Lets questions that take the coordinator long go to it a few at a time. It answers one after another, so whoever sends many of them
 * would keep the orders of others waiting, and the members of a run that lost one.
 */
final class Turns {
    private final int most;
    private final int mostWaiting;
    private final Duration longest;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private int asked;

    /**
     * @param most that are asked at the same time
     * @param mostWaiting that wait for their turn
     * @param longest that one waits for it
     */
    Turns(int most, int mostWaiting, Duration longest) {
        this.most = most;
        this.mostWaiting = mostWaiting;
        this.longest = longest;
    }

    /**
     * Asks in its turn.
     *
     * @param otherwise the answer where too many wait already, or its turn does not come in time
     */
    <T> CompletionStage<T> take(Supplier<CompletionStage<T>> question, Supplier<T> otherwise) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Runnable turn = () -> {
            if (answer.isDone()) { // it has waited for too long
                next();
                return;
            }
            question.get().whenComplete((told, failure) -> {
                if (failure == null) {
                    answer.complete(told);
                } else {
                    answer.completeExceptionally(failure);
                }
                next();
            });
        };
        synchronized (this) {
            if (asked >= most) {
                if (waiting.size() >= mostWaiting) {
                    answer.complete(otherwise.get());
                    return answer;
                }
                waiting.addLast(turn);
                return answer.completeOnTimeout(otherwise.get(), longest.toMillis(), TimeUnit.MILLISECONDS);
            }
            asked++;
        }
        turn.run();
        return answer;
    }

    private void next() {
        Runnable turn;
        synchronized (this) {
            turn = waiting.pollFirst();
            if (turn == null) {
                asked--;
                return;
            }
        }
        turn.run();
    }
}
