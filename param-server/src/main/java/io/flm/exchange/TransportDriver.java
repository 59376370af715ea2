package io.flm.exchange;

import static java.util.concurrent.TimeUnit.HOURS;
import static java.util.concurrent.TimeUnit.MICROSECONDS;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.aeron.Aeron;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.exceptions.RegistrationException;
import io.aeron.exceptions.StorageSpaceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import org.agrona.CloseHelper;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transport's Aeron: a media driver and its one client, which live and die together. Both may close themselves after an error;
 * {@link #isAlive} says whether they did.
 */
final class TransportDriver implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TransportDriver.class);

    /** Duty cycles of the driver in one {@link #work}; each moves one datagram a stream. */
    private static final int DRIVER_BURST = 4;

    private static final long SHORT_NAP_NS = MICROSECONDS.toNanos(20);
    private static final long LONG_NAP_NS = MILLISECONDS.toNanos(1);

    /** What driver and client themselves need. */
    private static final long OWN_BYTES = 16 << 20;

    private final DriverDirectory directory;
    private final MediaDriver driver;
    private final Aeron aeron;
    private final Vitals vitals;
    private final @Nullable AgentInvoker driverInvoker; // null: it has threads of its own
    private final AgentInvoker clientInvoker;
    private final Subscription gradients;
    private final Subscription control;
    private final String address;

    /**
     * Starts driver and client, and binds the port.
     *
     * @param pass lets streams in
     */
    static TransportDriver open(ExchangeSettings settings, NetworkSizes sizes, String pass, LiveCounters counts)
            throws ExchangeException {
        DriverDirectory directory = DriverDirectory.open(settings.directory());
        String lack = lackOfRoom(directory.path(), OWN_BYTES);
        if (lack != null) {
            directory.close();
            throw new ExchangeException(lack);
        }
        MediaDriver driver = null;
        Aeron aeron = null;
        Vitals vitals = new Vitals();
        try {
            driver = MediaDriver.launch(driverContext(settings, sizes, directory)
                    .receiveChannelEndpointSupplier(
                            new StreamAuthenticator(pass, NetworkSizes.LONGEST_TERM, counts)::endpoint)
                    .conductorThreadFactory(vitals)
                    .senderThreadFactory(vitals)
                    .receiverThreadFactory(vitals)
                    .errorHandler(vitals));
            AgentInvoker invoker = driver.sharedAgentInvoker();
            Aeron.Context context = new Aeron.Context()
                    .aeronDirectoryName(directory.aeron().toString())
                    .useConductorAgentInvoker(true)
                    .driverTimeoutMs(HOURS.toMillis(24))
                    .errorHandler(vitals);
            if (invoker != null) {
                context.driverAgentInvoker(invoker);
            }
            aeron = Aeron.connect(context);
            return new TransportDriver(settings, directory, driver, aeron, vitals);
        } catch (RegistrationException e) {
            CloseHelper.quietCloseAll(aeron, driver, directory);
            throw new ExchangeException(
                    settings.host() + ":" + settings.port() + ": cannot listen (" + firstLine(e)
                            + "); set flm.exchange.host to an address of this machine and flm.exchange.port to a free"
                            + " port, or 0",
                    e);
        } catch (RuntimeException | InternalError e) { // the latter where memory that was promised is not there
            CloseHelper.quietCloseAll(aeron, driver, directory);
            throw new ExchangeException(
                    directory.path() + ": the exchange's transport does not start (" + firstLine(e)
                            + "); look for room in flm.exchange.directory",
                    e);
        }
    }

    /**
     * What to do if a folder has less room than that; null: it has the room. Memory that is promised and not there when it is first
     * written ends the process without a word.
     */
    static @Nullable String lackOfRoom(Path folder, long bytes) {
        try {
            long usable = Files.getFileStore(folder).getUsableSpace();
            return usable >= bytes
                    ? null
                    : folder + ": " + (usable >> 20) + " MiB of room, and the exchange may need " + (bytes >> 20)
                            + " MiB; give it more (docker run --shm-size=1g), or set flm.exchange.directory";
        } catch (IOException e) {
            return folder + ": " + e + "; set flm.exchange.directory";
        }
    }

    private static MediaDriver.Context driverContext(
            ExchangeSettings settings, NetworkSizes sizes, DriverDirectory directory) {
        long livenessNs = settings.livenessTimeout().toNanos();
        long forever = HOURS.toNanos(24); // client and driver live and die together, even if stopped for a while
        return new MediaDriver.Context()
                .aeronDirectoryName(directory.aeron().toString())
                .warnIfDirectoryExists(false)
                .threadingMode(
                        settings.threading() == ExchangeSettings.Threading.SHARED
                                ? ThreadingMode.INVOKER
                                : ThreadingMode.DEDICATED)
                .conductorIdleStrategy(nap())
                .senderIdleStrategy(nap())
                .receiverIdleStrategy(nap())
                .asyncExecutorEnabled(false)
                .mtuLength(sizes.mtu())
                .initialWindowLength(sizes.window())
                .publicationTermBufferLength(sizes.term())
                .socketRcvbufLength(sizes.socketBuffer())
                .socketSndbufLength(sizes.socketBuffer())
                .termBufferSparseFile(true)
                .lowStorageWarningThreshold(0)
                .counterValuesBufferLength(1 << 20) // some thousand streams
                .timerIntervalNs(livenessNs / 20)
                .imageLivenessTimeoutNs(livenessNs)
                .publicationConnectionTimeoutNs(livenessNs)
                .statusMessageTimeoutNs(Math.min(MILLISECONDS.toNanos(100), livenessNs / 10))
                .publicationLingerTimeoutNs(livenessNs)
                .clientLivenessTimeoutNs(forever)
                .publicationUnblockTimeoutNs(2 * forever);
    }

    private static BackoffIdleStrategy nap() {
        return new BackoffIdleStrategy(0, 20, SHORT_NAP_NS, LONG_NAP_NS);
    }

    /** What is known of driver and client: their errors, after most of which they go on, and the driver's own threads. */
    private static final class Vitals implements ErrorHandler, ThreadFactory {
        private volatile String lastError = "no error was told";
        private volatile boolean terminated;
        private final List<Thread> threads = new CopyOnWriteArrayList<>();

        @Override
        public Thread newThread(Runnable task) {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            threads.add(thread);
            return thread;
        }

        boolean isAlive() {
            return !terminated && threads.stream().allMatch(Thread::isAlive);
        }

        @Override
        public void onError(Throwable error) {
            if (error instanceof StorageSpaceException) {
                LOG.warn("{}: give flm.exchange.directory more room", error.getMessage());
            } else {
                LOG.debug("transport", error);
            }
            if (error instanceof AgentTerminationException) {
                terminated = true;
            } else if (!terminated) {
                lastError = firstLine(error);
            }
        }
    }

    /** Aeron's messages go on with a stack trace. */
    static String firstLine(Throwable e) {
        String message = String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse(e.toString());
    }

    private TransportDriver(
            ExchangeSettings settings, DriverDirectory directory, MediaDriver driver, Aeron aeron, Vitals vitals) {
        this.directory = directory;
        this.driver = driver;
        this.aeron = aeron;
        this.vitals = vitals;
        this.driverInvoker = driver.sharedAgentInvoker();
        this.clientInvoker = aeron.conductorAgentInvoker();
        String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
        // The tag makes both streams share one port, also where the kernel chooses it.
        this.control =
                aeron.addSubscription("aeron:udp?tags=1|endpoint=" + host + ":" + settings.port(), Transport.CONTROL);
        this.gradients = aeron.addSubscription("aeron:udp?tags=1", Transport.GRADIENTS);
        this.address = host + ":" + boundPort();
    }

    private int boundPort() {
        String bound = control.resolvedEndpoint();
        for (int attempt = 0; bound == null && attempt < 1000; attempt++) {
            work();
            LockSupport.parkNanos(MILLISECONDS.toNanos(1));
            bound = control.resolvedEndpoint();
        }
        if (bound == null) {
            throw new IllegalStateException("the transport does not say which port it has");
        }
        return Integer.parseInt(bound.substring(bound.lastIndexOf(':') + 1));
    }

    /** Where it listens, as {@code host:port}. */
    String address() {
        return address;
    }

    DriverDirectory directory() {
        return directory;
    }

    Aeron client() {
        return aeron;
    }

    Subscription gradients() {
        return gradients;
    }

    Subscription control() {
        return control;
    }

    /** Does the work of the client, and of the driver unless it has threads; how much there was to do. */
    int work() {
        int work = clientInvoker.invoke();
        if (driverInvoker != null) {
            int moved = 1;
            for (int cycle = 0; cycle < DRIVER_BURST && moved > 0; cycle++) {
                moved = driverInvoker.invoke();
                work += moved;
            }
        }
        return work;
    }

    boolean isAlive() {
        return vitals.isAlive()
                && !aeron.isClosed()
                && !clientInvoker.isClosed()
                && (driverInvoker == null || !driverInvoker.isClosed());
    }

    String lastError() {
        return vitals.lastError;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(aeron, driver, directory);
    }
}
