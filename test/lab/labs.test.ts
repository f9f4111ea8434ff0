import { expect, it } from 'vitest';
import { labsOf, rivalsOf } from './labs.ts';

const known = labsOf([
  { lab: 'demo', inventory: '', subnet: '10.1.0.0/24' },
  { lab: 'demo', inventory: '/somewhere/demo.yaml', subnet: '10.2.0.0/24' },
  { lab: 'other', inventory: '/somewhere/other.yaml', subnet: '10.3.0.0/24' },
  { lab: 'demo', inventory: '/somewhere/demo.yaml' },
  { lab: 'bare', inventory: '/somewhere/bare.yaml' },
]);

it('groups hosts and networks into labs', () => {
  expect(known).toEqual([
    { name: 'demo', inventory: '/somewhere/demo.yaml', subnets: ['10.1.0.0/24', '10.2.0.0/24'] },
    { name: 'other', inventory: '/somewhere/other.yaml', subnets: ['10.3.0.0/24'] },
    { name: 'bare', inventory: '/somewhere/bare.yaml', subnets: [] },
  ]);
});

it.each([
  [
    'another lab with one of its networks',
    { name: 'new', subnets: ['10.9.0.0/24', '10.2.0.0/24'] },
    ['demo'],
  ],
  ['every such lab', { name: 'new', subnets: ['10.3.0.0/24', '10.2.0.0/24'] }, ['demo', 'other']],
  ['none if its networks are free', { name: 'new', subnets: ['10.9.0.0/24'] }, []],
  ['not the lab itself', { name: 'demo', subnets: ['10.1.0.0/24'] }, []],
])('is in the way of a lab: %s', (_, lab, rivals) => {
  expect(rivalsOf(lab, known).map(({ name }) => name)).toEqual(rivals);
});
