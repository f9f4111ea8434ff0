/** Uses everything that an inventory can say, and is right. */
export const GOOD = `# Everything that an inventory can say.
name: prod
platform: debian-12
x-common: &common
  roles: [controller]
ssh:
  user: deploy
  sudo: true
  port: 2222
  jump: ops@bastion.example.net:22
hosts:
  controller1: { address: 10.0.0.11, <<: *common }
  controller2: { address: 10.0.0.12, roles: [time, controller] }
  controller3:
    address: controller3.example.net
    roles:
      - controller
  storage1: { address: 10.0.0.14, roles: [storage, compute], ssh: { user: root, jump: [] } }
vips:
  api: { address: 10.0.0.20/24, interface: eth0, by: keepalived }
  database: { address: 10.0.0.21/24, interface: eth0 }
galera: { writers: all, sst: rsync, max_connections: 500 }
time:
  servers: [0.pool.ntp.org, { address: 10.0.0.1, prefer: true }]
cinder:
  backend: { kind: lvm, group: volumes }
`;
