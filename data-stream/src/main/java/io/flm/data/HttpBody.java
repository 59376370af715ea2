package io.flm.data;

import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/** Takes the body of a response into a buffer, and never more than it has room for; what came before a failure stays there. */
final class HttpBody implements BodySubscriber<HttpBody> {
    private final ByteBuffer into;
    private final CompletableFuture<HttpBody> done = new CompletableFuture<>();
    private @Nullable Subscription subscription;
    private boolean ended;
    private boolean tooLong;

    /** @param into nobody else writes there until {@link #end} */
    HttpBody(ByteBuffer into) {
        this.into = into;
    }

    @Override
    public CompletionStage<HttpBody> getBody() {
        return done;
    }

    @Override
    public synchronized void onSubscribe(Subscription theirs) {
        subscription = theirs;
        if (ended) {
            theirs.cancel();
            done.complete(this);
        } else {
            theirs.request(1);
        }
    }

    @Override
    public void onNext(List<ByteBuffer> items) {
        boolean stop;
        synchronized (this) {
            for (ByteBuffer item : items) {
                if (!ended) {
                    int count = Math.min(item.remaining(), into.remaining());
                    into.put(item.slice().limit(count));
                    tooLong |= count < item.remaining();
                    ended |= tooLong;
                }
            }
            stop = ended;
            if (subscription != null && stop) {
                subscription.cancel();
            } else if (subscription != null) {
                subscription.request(1);
            }
        }
        if (stop) {
            done.complete(this);
        }
    }

    @Override
    public void onError(Throwable throwable) {
        done.completeExceptionally(throwable);
    }

    @Override
    public void onComplete() {
        done.complete(this);
    }

    /** So many bytes have come. */
    synchronized int count() {
        return into.position();
    }

    /** Whether there were more than there was room for. */
    synchronized boolean isTooLong() {
        return tooLong;
    }

    /** From here on nothing is written into the buffer; returns how many bytes have come. */
    synchronized int end() {
        ended = true;
        if (subscription != null) {
            subscription.cancel();
        }
        return into.position();
    }
}
