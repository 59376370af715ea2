package io.flm.exchange;

import static java.util.concurrent.TimeUnit.MICROSECONDS;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.aeron.Aeron;
import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.ControlledFragmentHandler.Action;
import io.aeron.logbuffer.Header;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's transport: one media driver, two streams from each other node, shared memory with the nodes of this machine, and one
 * thread that does everything: the driver's work, receiving, adding and sending. It sleeps when there is nothing to do, and the
 * trainer threads wake it.
 *
 * <p>A trainer that waits for sums does the thread's work itself, see {@link #help}: it is done before another thread would wake up.
 * So a cycle of work is done by whichever thread holds the duty.
 *
 * <p>It knows no groups, only a {@link TransportSession} for each generation, to which it hands frames and a share of each cycle.
 */
final class Transport implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Transport.class);

    static final int GRADIENTS = 1;
    static final int CONTROL = 2;

    /** Messages taken from a stream before others have their turn. */
    private static final int FRAGMENTS = 8;

    // How this thread idles: answers to what it sends come within microseconds, gradients to send after a whole forward
    // pass.
    private static final long YIELD_NS = MICROSECONDS.toNanos(50);
    private static final long SHORT_NAPS_NS = MILLISECONDS.toNanos(5);
    private static final long SHORT_NAP_NS = MICROSECONDS.toNanos(20);
    private static final long LONG_NAP_NS = MILLISECONDS.toNanos(1);

    /** How long a trainer helps on with nothing to do, before it sleeps and this thread goes on. */
    private static final long HELP_NS = MILLISECONDS.toNanos(2);

    private static final long LAST_WORDS_NS = MILLISECONDS.toNanos(50);

    private final ExchangeSettings settings;
    private final TransportDriver driver;
    private final Links links;
    private final LiveCounters counts;
    private final Thread thread;
    private final ConcurrentLinkedQueue<TransportSession> arriving = new ConcurrentLinkedQueue<>();
    private volatile boolean closing;
    private volatile boolean ended;
    private volatile String whyEnded = "";

    /** A cycle of this transport's work is done by the thread that holds it. */
    private final ReentrantLock duty = new ReentrantLock();

    private final AtomicBoolean helped = new AtomicBoolean();

    // Below: of the thread that holds the duty.
    private long lastCycleNs = System.nanoTime();
    private final List<TransportSession> sessions = new ArrayList<>(); // the newest last
    private final FrameReader frame = new FrameReader();
    private final ControlledFragmentHandler gradientHandler =
            (buffer, offset, length, header) -> onFragment(GRADIENTS, buffer, offset, length, image(header));
    private final ControlledFragmentHandler controlHandler =
            (buffer, offset, length, header) -> onFragment(CONTROL, buffer, offset, length, image(header));
    private final ControlledMessageHandler ringHandler =
            (type, buffer, offset, length) -> onFragment(GRADIENTS, buffer, offset, length, null) == Action.ABORT
                    ? ControlledMessageHandler.Action.ABORT
                    : ControlledMessageHandler.Action.CONTINUE;
    private @Nullable String givenUp;
    private long stoodStillUntilNs = Long.MIN_VALUE;
    private long stoodStillNs;

    /**
     * Starts the transport.
     *
     * @param pass lets streams in
     */
    static Transport open(ExchangeSettings settings, String pass, LiveCounters counts) throws ExchangeException {
        NetworkSizes sizes = NetworkSizes.of(settings);
        return new Transport(settings, TransportDriver.open(settings, sizes, pass, counts), sizes, counts);
    }

    private Transport(ExchangeSettings settings, TransportDriver driver, NetworkSizes sizes, LiveCounters counts) {
        this.settings = settings;
        this.driver = driver;
        this.links = new Links(driver, sizes, settings.sharedMemory());
        this.counts = counts;
        this.thread = new Thread(this::run, "exchange");
        thread.setDaemon(true);
        thread.start();
    }

    /** Where it listens, as {@code host:port}. */
    String address() {
        return driver.address();
    }

    ExchangeSettings settings() {
        return settings;
    }

    LiveCounters counts() {
        return counts;
    }

    /** Takes a session into the thread's care, until it is done. */
    void attach(TransportSession session) {
        arriving.add(session);
        wake();
        if (ended) { // meanwhile: nobody takes it any more
            session.failHere(whyEnded);
        }
    }

    void wake() {
        LockSupport.unpark(thread);
    }

    /** The streams to other nodes. Used on duty. */
    Links links() {
        return links;
    }

    /** How long this process stood still a moment ago, or 0: then it is no wonder that others seem silent. */
    long stoodStillMs() {
        return System.nanoTime() < stoodStillUntilNs ? stoodStillNs / 1_000_000 : 0;
    }

    private void run() {
        try {
            long lastWorked = System.nanoTime();
            while (!ended && (!closing || !isQuiet())) {
                if (helped.get()) {
                    LockSupport.parkNanos(LONG_NAP_NS); // or until the help ends
                    lastWorked = System.nanoTime();
                } else if (cycle() > 0) {
                    lastWorked = System.nanoTime();
                } else {
                    idle(System.nanoTime() - lastWorked);
                }
            }
            if (!ended) {
                sendLastWords();
            }
        } catch (RuntimeException | Error e) {
            LOG.error("the exchange's thread ended", e);
            giveUp("its thread ended: " + TransportDriver.firstLine(e));
        } finally {
            end("the node was closed");
        }
    }

    /**
     * This node's transport is of no use any more: all that is under way here fails, as this node's failure, and {@link
     * ExchangeNode} opens another one for the next generation. Called on duty.
     */
    void giveUp(String why) {
        givenUp = givenUp == null ? why : givenUp;
    }

    private void end(String reason) {
        duty.lock();
        try {
            if (ended) {
                return;
            }
            driver.close();
            String why = givenUp;
            whyEnded = "this node's exchange ended, " + (why == null ? reason : why);
            ended = true;
            takeArriving();
            for (TransportSession session : sessions) {
                if (why == null) {
                    session.fail(reason);
                } else {
                    session.failHere(whyEnded);
                }
            }
        } finally {
            duty.unlock();
        }
    }

    /** For a test that closes it behind this transport's back. */
    Aeron client() {
        return driver.client();
    }

    /** Whether driver and client do their work; each may have closed itself. If not, gives up. Called on duty. */
    boolean requireAlive() {
        boolean alive = driver.isAlive();
        if (!alive) {
            giveUp("its transport closed itself: " + driver.lastError());
        }
        return alive;
    }

    /** One cycle of everything; how much there was to do. */
    private int cycle() {
        duty.lock();
        try {
            long now = System.nanoTime();
            noticePause(now - lastCycleNs, now);
            lastCycleNs = now;
            if (ended) {
                return 0; // a trainer that helps has nothing to do any more
            }
            int work = work(now);
            requireAlive();
            if (givenUp != null) {
                LOG.error("the exchange ends: {}", givenUp);
                end("");
            }
            return work;
        } catch (RuntimeException | Error e) { // of the driver or the client: what they do next is not to be relied on
            LOG.error("the exchange ends", e);
            giveUp("it failed: " + TransportDriver.firstLine(e));
            end("");
            return 0;
        } finally {
            duty.unlock();
        }
    }

    /**
     * Does this thread's work in the caller, which must hold no session's monitor, until {@code enough}, or there was nothing to
     * do for a while.
     */
    void help(BooleanSupplier enough) {
        if (closing || !helped.compareAndSet(false, true)) {
            return;
        }
        try {
            long lastWorked = System.nanoTime();
            while (!enough.getAsBoolean() && System.nanoTime() - lastWorked < HELP_NS) {
                if (cycle() > 0) {
                    lastWorked = System.nanoTime();
                } else {
                    idle(System.nanoTime() - lastWorked);
                }
            }
        } finally {
            helped.set(false);
            wake();
        }
    }

    /** What was said last is in the transport's buffers, and may not be on its way yet. */
    private void sendLastWords() {
        long end = System.nanoTime() + LAST_WORDS_NS;
        while (System.nanoTime() < end && !links.isEmpty()) {
            if (driver.work() == 0) {
                LockSupport.parkNanos(SHORT_NAP_NS);
            }
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // On a shared core the other end may need this one to answer.
    private static void idle(long idleNs) {
        if (idleNs < YIELD_NS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(idleNs < SHORT_NAPS_NS ? SHORT_NAP_NS : LONG_NAP_NS);
        }
    }

    private void noticePause(long pauseNs, long now) {
        long livenessNs = settings.livenessTimeout().toNanos();
        if (pauseNs > livenessNs / 2) {
            stoodStillNs = pauseNs;
            stoodStillUntilNs = now + 2 * livenessNs;
            links.makeStale();
            LOG.warn(
                    "this process stood still for {} ms; where it was not suspended, its machine has too few free cores"
                            + " or swaps: start fewer workers or other programs there",
                    pauseNs / 1_000_000);
        }
    }

    /** Whether every session has said all that others wait for. */
    private boolean isQuiet() {
        duty.lock();
        try {
            takeArriving();
            return sessions.isEmpty();
        } finally {
            duty.unlock();
        }
    }

    private void takeArriving() {
        for (TransportSession session = arriving.poll(); session != null; session = arriving.poll()) {
            sessions.add(session);
        }
    }

    private int work(long now) {
        int work = driver.work();
        if (!requireAlive()) {
            return work;
        }
        if (!arriving.isEmpty()) {
            takeArriving();
            links.keepOnly(sessions.get(sessions.size() - 1).endpoints());
        }
        for (int index = sessions.size() - 1; index >= 0; index--) {
            TransportSession session = sessions.get(index);
            work += session.work(now);
            if (session.isDone(now)) {
                sessions.remove(index);
            }
        }
        work += poll(driver.control(), controlHandler);
        work += poll(driver.gradients(), gradientHandler);
        return work;
    }

    private static int poll(Subscription subscription, ControlledFragmentHandler handler) {
        int fragments = 0;
        for (Image image : subscription.images()) {
            fragments += image.controlledPoll(handler, FRAGMENTS);
        }
        return fragments;
    }

    private static Image image(Header header) {
        return (Image) header.context();
    }

    /** What shared rings are read with. */
    ControlledMessageHandler ringHandler() {
        return ringHandler;
    }

    private Action onFragment(int stream, DirectBuffer buffer, int offset, int length, @Nullable Image image) {
        boolean whole = frame.wrap(buffer, offset, length);
        TransportSession session = whole ? session(frame.generation()) : null;
        if (session == null) {
            (whole ? counts.otherGeneration : counts.corrupt).increment();
            return Action.CONTINUE;
        }
        if (!session.onFrame(stream, image, frame)) {
            return Action.ABORT;
        }
        counts.framesReceived.increment();
        counts.bytesReceived.add(length);
        return Action.CONTINUE;
    }

    private @Nullable TransportSession session(long generation) {
        for (TransportSession session : sessions) {
            if (session.generation() == generation) {
                return session;
            }
        }
        return null;
    }

    /** Waits, within the liveness timeout, until what others need of this node is there, and ends. */
    @Override
    public void close() {
        closing = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // bounded by the sessions' own limits
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isRunning() {
        return !ended;
    }

    /** Why it does not run. */
    String whyEnded() {
        return whyEnded;
    }
}
