import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What Kafka's own client sees of a broker: one line for each thing tried, as {@code expected.txt} has them.
 *
 * <pre>java -cp 'folder-of-jars/*' JavaClient.java 127.0.0.1:9092</pre>
 */
class JavaClient {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** For records of another year: they would go at once. */
    private static final Map<String, String> FOR_EVER = Map.of("retention.ms", "-1");

    private final String servers;

    private JavaClient(String servers) {
        this.servers = servers;
    }

    public static void main(String[] arguments) throws Exception {
        var client = new JavaClient(arguments[0]);
        client.record();
        client.compressions();
        client.topics();
        client.times();
        client.idempotence();
        client.transactions();
        client.groups();
    }

    private void record() throws Exception {
        var topic = newTopic("record", 1, FOR_EVER);
        var sent = new ProducerRecord<>(topic, null, 1_700_000_000_123L, "key", "payload");
        sent.headers().add("id", "42".getBytes(UTF_8)).add("id", "43".getBytes(UTF_8)).add("none", null);
        try (var producer = producer(Map.of())) {
            producer.send(sent).get();
        }
        var record = read(topic, 1, Map.of()).get(0);
        var headers = StreamSupport.stream(record.headers().spliterator(), false)
            .map(header -> header.key() + "=" + (header.value() == null ? "null" : new String(header.value(), UTF_8)))
            .collect(Collectors.joining(" "));
        say("record: key \"%s\", value \"%s\", time %d, headers %s",
            record.key(), record.value(), record.timestamp(), headers);
    }

    private void compressions() throws Exception {
        for (var codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            var topic = newTopic("compressed", 1, Map.of());
            say("compressed by %s: %s", codec, inOrder(topic, 100, Map.of("compression.type", codec)));
        }
    }

    private void topics() throws Exception {
        var topic = newTopic("topic", 2, Map.of("cleanup.policy", "compact"));
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try (var admin = admin()) {
            Callable<Integer> partitions =
                () -> admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
            var created = eventually(() -> partitions.call() == 2 ? 2 : null);
            var policy = eventually(() -> admin.describeConfigs(List.of(resource)).all().get()
                .get(resource).get("cleanup.policy").value());
            Object again;
            try {
                again = admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
            } catch (ExecutionException refused) {
                again = Errors.forException(refused.getCause());
            }
            say("topic: created with %d partitions and cleanup.policy %s; again: %s", created, policy, again);

            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
            var grown = eventually(() -> partitions.call() == 5 ? 5 : null);
            admin.deleteTopics(List.of(topic)).all().get();
            var gone = eventually(() -> admin.listTopics().names().get().contains(topic) ? null : true);
            say("topic: grown to %d partitions; deleted: %s", grown, gone);
        }
    }

    private void times() throws Exception {
        var topic = newTopic("times", 1, FOR_EVER);
        var at = new TopicPartition(topic, 0);
        var start = 1_700_000_000_000L;
        try (var producer = producer(Map.of("linger.ms", 50))) {
            var sent = new ArrayList<Future<RecordMetadata>>();
            for (var n = 0; n < 10; n++) {
                sent.add(producer.send(new ProducerRecord<>(topic, 0, start + 10 * n, null, "x")));
            }
            for (var one : sent) {
                one.get();
            }
        }
        var asked = List.of(start - 1, start, start + 21, start + 90, start + 91);
        var found = new ArrayList<Object>();
        try (var consumer = consumer(Map.of()); var admin = admin()) {
            for (var time : asked) {
                var offset = consumer.offsetsForTimes(Map.of(at, time)).get(at);
                found.add(offset == null ? "none" : offset.offset());
            }
            found.add(admin.listOffsets(Map.of(at, OffsetSpec.earliest())).partitionResult(at).get().offset());
            found.add(admin.listOffsets(Map.of(at, OffsetSpec.latest())).partitionResult(at).get().offset());
        }
        say("times: before all %s, at the first %s, between %s, at the last %s, after all %s; first %s, end %s",
            found.toArray());
    }

    private void idempotence() throws Exception {
        var topic = newTopic("idempotent", 1, Map.of());
        say("idempotent: %s", inOrder(topic, 1000, Map.of("enable.idempotence", true)));
    }

    private void transactions() throws Exception {
        var topic = newTopic("transactions", 1, Map.of());
        var at = new TopicPartition(topic, 0);
        try (var producer = transactional(unique("id"))) {
            for (var value : List.of("a", "b", "c")) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(topic, value)).get();
                if (value.equals("b")) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
        say("committed: %s; uncommitted: %s",
            values(read(topic, 2, Map.of("isolation.level", "read_committed"))),
            values(read(topic, 3, Map.of("isolation.level", "read_uncommitted"))));

        var group = unique("group");
        var committed = new ArrayList<Object>();
        try (var producer = transactional(unique("id")); var consumer = consumer(Map.of("group.id", group))) {
            for (var commit : List.of(false, true)) {
                producer.beginTransaction();
                producer.sendOffsetsToTransaction(Map.of(at, new OffsetAndMetadata(1)), consumer.groupMetadata());
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
                var offset = consumer.committed(Set.of(at)).get(at);
                committed.add(offset == null ? "none" : offset.offset());
            }
        }
        say("transaction's offsets: aborted %s, committed %s", committed.toArray());

        var id = unique("id");
        var fenced = "is not fenced";
        var first = transactional(id);
        first.beginTransaction();
        first.send(new ProducerRecord<>(topic, "never")).get();
        try (var second = transactional(id)) {
            first.commitTransaction();
        } catch (ProducerFencedException expected) {
            fenced = "is fenced";
        } finally {
            first.close(Duration.ZERO);
        }
        say("second of one transactional id: the first %s", fenced);
    }

    /** A member of a group that reads on in a thread of its own. */
    private final class Member implements ConsumerRebalanceListener, AutoCloseable {
        private final AtomicInteger share = new AtomicInteger();
        private final KafkaConsumer<String, String> consumer;
        private final Thread thread;
        private volatile boolean leaves;

        Member(String topic, String group, Class<?> assignor, Set<String> found) {
            consumer = consumer(Map.of(
                "group.id", group,
                "partition.assignment.strategy", assignor.getName(),
                "enable.auto.commit", true,
                "auto.commit.interval.ms", 50,
                "heartbeat.interval.ms", 200));
            thread = new Thread(() -> {
                consumer.subscribe(List.of(topic), this);
                while (!leaves) {
                    consumer.poll(Duration.ofMillis(50)).forEach(record -> found.add(record.value()));
                }
                consumer.close();
            });
            thread.start();
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> given) {
            share.addAndGet(given.size());
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> taken) {
            share.addAndGet(-taken.size());
        }

        int reaches(int count) throws Exception {
            return eventually(() -> share.get() == count ? count : null);
        }

        @Override
        public void close() throws InterruptedException {
            leaves = true;
            thread.join();
        }
    }

    private void groups() throws Exception {
        for (var assignor : List.of(RangeAssignor.class, RoundRobinAssignor.class)) {
            var topic = newTopic("shared", 6, Map.of());
            var group = unique("group");
            Set<String> found = ConcurrentHashMap.newKeySet();
            int alone, ofFirst, ofSecond, again;
            try (var first = new Member(topic, group, assignor, found)) {
                alone = first.reaches(6);
                send(topic, 6, 0, 100);
                try (var second = new Member(topic, group, assignor, found)) {
                    ofFirst = first.reaches(3);
                    ofSecond = second.reaches(3);
                    send(topic, 6, 100, 200);
                }
                again = first.reaches(6);
                send(topic, 6, 200, 300);
                eventually(() -> found.size() == 300 ? true : null);
            }
            say("group by %s: alone %d, with another %d and %d, alone again %d; read %d of 300",
                assignor == RangeAssignor.class ? "range" : "roundrobin",
                alone, ofFirst, ofSecond, again, found.size());
        }

        var topic = newTopic("handed-over", 1, Map.of());
        var at = new TopicPartition(topic, 0);
        var group = Map.<String, Object>of("group.id", unique("group"));
        send(topic, 1, 0, 4);
        try (var consumer = consumer(group)) {
            consumer.subscribe(List.of(topic));
            next(consumer);
            consumer.commitSync(Map.of(at, new OffsetAndMetadata(2, "notes")));
        }
        OffsetAndMetadata committed;
        try (var admin = admin()) {
            committed = admin.listConsumerGroupOffsets((String) group.get("group.id"))
                .partitionsToOffsetAndMetadata().get().get(at);
        }
        try (var consumer = consumer(group)) {
            consumer.subscribe(List.of(topic));
            say("group handed over at %d, with \"%s\": reads on at %d",
                committed.offset(), committed.metadata(), next(consumer).get(0).offset());
        }
    }

    private void send(String topic, int partitions, int from, int to) throws Exception {
        try (var producer = producer(Map.of())) {
            for (var n = from; n < to; n++) {
                producer.send(new ProducerRecord<>(topic, n % partitions, null, String.valueOf(n)));
            }
        }
    }

    private String inOrder(String topic, int count, Map<String, Object> settings) throws Exception {
        var values = IntStream.range(0, count).mapToObj(n -> n + " " + "compressible ".repeat(20)).toList();
        var all = new HashMap<>(settings);
        all.put("linger.ms", 20);
        try (var producer = producer(all)) {
            var sent = values.stream().map(value -> producer.send(new ProducerRecord<>(topic, value))).toList();
            for (var one : sent) {
                one.get();
            }
        }
        var found = read(topic, count, Map.of()).stream().map(ConsumerRecord::value).toList();
        return found.size() + " of " + count + (found.equals(values) ? ", in order" : "");
    }

    /** So many records of a topic's first partition, from its beginning. */
    private List<ConsumerRecord<String, String>> read(String topic, int count, Map<String, Object> settings)
            throws Exception {
        var at = List.of(new TopicPartition(topic, 0));
        var found = new ArrayList<ConsumerRecord<String, String>>();
        try (var consumer = consumer(settings)) {
            consumer.assign(at);
            consumer.seekToBeginning(at);
            while (found.size() < count) {
                found.addAll(next(consumer));
            }
        }
        return found;
    }

    private static List<ConsumerRecord<String, String>> next(KafkaConsumer<String, String> consumer)
            throws Exception {
        return eventually(() -> {
            var records = StreamSupport.stream(consumer.poll(Duration.ofSeconds(1)).spliterator(), false).toList();
            return records.isEmpty() ? null : records;
        });
    }

    private static String values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).collect(Collectors.joining(" "));
    }

    /** What is told all over a cluster some time after it was done; there is no event to wait for. */
    private static <T> T eventually(Callable<T> ask) throws Exception {
        var end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            try {
                var answer = ask.call();
                if (answer != null) {
                    return answer;
                }
            } catch (ExecutionException notYet) {
                if (!(notYet.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw notYet;
                }
            }
            Thread.sleep(20);
        }
        throw new TimeoutException("nothing within " + PATIENCE);
    }

    private String newTopic(String name, int partitions, Map<String, String> settings) throws Exception {
        var topic = new NewTopic(unique(name), Optional.of(partitions), Optional.empty()).configs(settings);
        try (var admin = admin()) {
            admin.createTopics(List.of(topic)).all().get();
        }
        return topic.name();
    }

    private static String unique(String name) {
        return name + "-" + UUID.randomUUID();
    }

    private static void say(String format, Object... seen) {
        System.out.printf(format + "%n", seen);
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", servers));
    }

    private KafkaProducer<String, String> transactional(String id) {
        var producer = producer(Map.of("transactional.id", id));
        producer.initTransactions();
        return producer;
    }

    private KafkaProducer<String, String> producer(Map<String, Object> settings) {
        return new KafkaProducer<>(with(settings), new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(Map<String, Object> settings) {
        var all = with(settings);
        all.putIfAbsent("enable.auto.commit", false);
        all.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    private Map<String, Object> with(Map<String, Object> settings) {
        var all = new HashMap<>(settings);
        all.put("bootstrap.servers", servers);
        return all;
    }
}
