package io.flm.data;

import akka.NotUsed;
import akka.actor.ClassicActorSystemProvider;
import akka.stream.Attributes;
import akka.stream.Materializer;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/** The batches of a stream, for one thread that waits for each: the trainer's. */
public final class BatchReader implements AutoCloseable {
    private final SinkQueueWithCancel<LaneBatch> queue;

    BatchReader(Source<LaneBatch, NotUsed> batches, ClassicActorSystemProvider system) {
        // The stream has its own buffer: this one holds the batch that is handed over.
        this.queue = batches.runWith(
                Sink.<LaneBatch>queue().withAttributes(Attributes.inputBuffer(1, 1)),
                Materializer.matFromSystem(system));
    }

    /** Waits for the next batch. What failed the stream is thrown as it is: a {@link UserException} for bad samples. */
    public LaneBatch next() throws InterruptedException {
        try {
            Optional<LaneBatch> batch = queue.pull().toCompletableFuture().get();
            return batch.orElseThrow(() -> new IllegalStateException("the stream of batches was closed"));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("the stream of batches failed", e.getCause());
        }
    }

    @Override
    public void close() {
        queue.cancel();
    }
}
